"""One operator, many actors: a folder for each, a process for each, nothing between them.

Refuses to open an actor's book while its node runs, but to look on.
"""
