"""Who somebody is, at a console or a command: accounts, keys, sessions, and what each may."""
