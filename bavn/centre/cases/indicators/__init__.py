"""Indicators as people work on them."""
