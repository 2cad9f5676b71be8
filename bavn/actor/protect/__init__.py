"""The way IN (gate 4): indicator -> block or refusal; enforcers."""
