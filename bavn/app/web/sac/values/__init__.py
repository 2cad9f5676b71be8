"""What the centre knows of one value, and what stands next to it."""
