"""`bavn centre`: intelligence from outside the sector and partners."""
