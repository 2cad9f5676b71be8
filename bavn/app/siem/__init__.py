"""What a node or a centre tells the SIEM of its own people: events, their forms, the ways there, and what was told."""
