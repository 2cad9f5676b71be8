"""The way IN (gate 4): indicator -> block, watch, wait for a person, or refusal; the enforcers; what they met."""
