"""One step of the centre: put together from the rooms, no thinking of its own."""
