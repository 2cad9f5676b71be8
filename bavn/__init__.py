"""Bavn: a sector's extra pair of eyes. The tree is the drawing; see ARCHITECTURE.md."""

__version__ = "0.1.0"
