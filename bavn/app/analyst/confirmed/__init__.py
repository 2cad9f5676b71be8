"""What the sector confirmed and was met here, as a node tells its people."""
