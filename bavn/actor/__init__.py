"""The actor wing: one organisation's own node. Knows nothing of other actors."""
