"""One file a revision, rNNNN_what.py, in one row without forks."""
