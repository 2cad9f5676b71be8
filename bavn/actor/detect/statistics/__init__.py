"""From counts and times to p-values."""
