"""The two consoles: the SAC's over the centre, the actor SOC's over its nodes. One file per area of the API.

Refuses to decide anything: each route asks a desk or a node's books, and acts through the same functions as the
command line.
"""
