"""One step of the node: put together from the rooms, no thinking of its own."""
