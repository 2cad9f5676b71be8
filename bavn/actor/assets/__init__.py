"""What stands in the network, by its traffic alone: hosts and their roles, and what their encryption is made of."""
