"""A released indicator as a rule for the tool in which analysts work: one file a language."""
