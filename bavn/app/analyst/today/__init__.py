"""What deserves a person's eyes at a node today."""
