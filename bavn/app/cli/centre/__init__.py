"""`bavn centre`: the sector's analysis centre."""
