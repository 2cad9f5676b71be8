"""What a reader may ask of the store."""
