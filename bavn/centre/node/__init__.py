"""One step of the centre, put together from the rooms, and where rounds and leads are kept; no thinking here.

Imports nothing by itself: a node reads the centre's settings without loading its database.
"""
