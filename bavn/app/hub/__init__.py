"""A regional hub as a service."""
