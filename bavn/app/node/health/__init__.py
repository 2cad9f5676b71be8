"""How a running node is: its promises, how each is checked, what is an alarm."""
