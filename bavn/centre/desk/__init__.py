"""What people ask of the centre and do there, by subject."""
