"""One step of the centre, put together from the rooms, and where its rounds and leads are kept; no thinking here."""
