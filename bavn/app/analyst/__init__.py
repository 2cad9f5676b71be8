"""What an analyst asks of a node, or of captures without any node: suspicions, history, evidence."""
