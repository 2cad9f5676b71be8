"""What people ask of one case: its room, its timeline, and what a release of it would let out."""
