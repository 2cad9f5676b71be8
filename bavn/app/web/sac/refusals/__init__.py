"""What a room refused, as a person at the SAC console reads it."""
