"""The node: its two halves, and how they are put together."""
