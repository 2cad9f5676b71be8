"""What a suspicion rests on: its rows and packets, kept for a while, shown, handed on without what is personal."""
