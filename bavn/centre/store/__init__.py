"""The database below the centre's rooms: how it is opened, who may write, which version its tables have; and the log
that every room appends to.

Refuses to know what the tables mean, and what travels.
"""
