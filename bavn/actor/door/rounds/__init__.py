"""The actor's side of the private join."""
