"""The centre wing: what all actors' reports become. Knows no host, no user, no record."""
