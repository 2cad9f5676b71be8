"""The actor's own columns: append, roll up, window, hunt, forget."""
