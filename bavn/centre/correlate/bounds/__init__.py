"""What one actor can move at most: a score by so many nats, a lead no further than the tenth place."""
