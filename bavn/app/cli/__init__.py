"""The one command: bavn."""
