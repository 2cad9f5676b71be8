"""The actor's policy as people read and change it, and what a node's start refuses of its settings."""
