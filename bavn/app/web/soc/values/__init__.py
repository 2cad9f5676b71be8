"""What this node knows of one value."""
