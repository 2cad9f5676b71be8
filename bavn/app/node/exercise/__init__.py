"""Exercises as a node plays them: beside what runs, in a sandbox, apart from all that is real."""
