"""What a node or a centre tells the SIEM of its own people: events, their forms, the ways there, what was told; and an
indicator as a rule for it."""
