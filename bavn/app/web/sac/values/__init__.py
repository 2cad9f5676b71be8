"""What the centre knows of one lead and of one value, and what stands next to them in the picture."""
