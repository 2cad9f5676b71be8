"""Real actors: what several organisations met over the same weeks, and what the sector could have told each of them.

Reads folders of contacts; shows figures and never a row of them (docs/proof.md).
"""
