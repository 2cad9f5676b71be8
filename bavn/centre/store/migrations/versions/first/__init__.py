"""What the first revision makes, a file for each part of the centre; never changed again."""
