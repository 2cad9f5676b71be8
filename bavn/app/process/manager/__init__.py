"""What a service and its manager, systemd, tell each other: progress, and the lines of the log."""
