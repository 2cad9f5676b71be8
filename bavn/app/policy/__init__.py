"""The actor's policy as people read and change it."""
