"""What time it is, where a clock may be wrong."""
