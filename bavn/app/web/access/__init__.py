"""Who may use a console: accounts, how people prove who they are, sessions, tokens, and the log of all of it.

Refuses to know what a console shows: it says who somebody is and which roles they have.
"""
