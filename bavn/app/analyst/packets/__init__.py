"""A node's own packets for a person's eyes: which are meant, what two machines said to each other in them."""
