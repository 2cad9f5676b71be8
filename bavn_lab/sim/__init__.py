"""A sector that does not exist: clock, dice, bad network, habits, attackers. The same node and centre code."""
