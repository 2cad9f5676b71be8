"""Parts of bench/detect_more_b.py: made networks, made guessing, and adding up a host's suspicions."""
