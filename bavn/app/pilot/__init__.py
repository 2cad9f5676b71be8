"""What a sector would have made of history that several actors already have: read, played forward, and told."""
