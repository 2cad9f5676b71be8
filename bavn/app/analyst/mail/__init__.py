"""What a node mails to the people of its own actor."""
