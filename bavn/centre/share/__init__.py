"""The way OUT (gate 3): indicators and round messages to actors."""
