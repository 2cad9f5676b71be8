"""Warnings to the sector."""
