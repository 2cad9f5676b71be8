"""dnstap, as a file and as a resolver sends it."""
