"""The centre as a service: put together, run, backed up, watched, and what it sends to people."""
