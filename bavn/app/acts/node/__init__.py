"""Acts at a node, by subject."""
