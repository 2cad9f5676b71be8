"""What detectors ask of a window, in SQL, asked once for all."""
