"""Indicators and what the world says of them."""
