"""The way OUT (gate 3): indicators and round messages to actors, and what became of them there."""
