"""Sector picture, forecast and brief: built from what the centre has, each sentence with its source."""
