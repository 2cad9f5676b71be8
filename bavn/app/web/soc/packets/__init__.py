"""Packets that a node keeps, at its console."""
