"""Indicators, lists and rules that detectors are handed."""
