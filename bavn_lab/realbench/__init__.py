"""Real actors: what several organisations met over the same weeks, and what the sector could have told each of them.

Reads folders of contacts and alerts; shows figures and never a row of them.
"""
