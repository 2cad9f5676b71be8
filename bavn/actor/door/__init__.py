"""The way OUT (gate 1): suspicion -> report or refusal."""
