"""Enforcers, one file each, and what reaches their programs."""
