"""Detectors: window -> suspicions. One file a detector."""
