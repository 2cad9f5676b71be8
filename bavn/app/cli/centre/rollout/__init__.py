"""`bavn centre`: members, and who is to become one."""
