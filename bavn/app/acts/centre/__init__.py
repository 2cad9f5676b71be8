"""What people do at the centre, one file a subject."""
