"""A lead as a person weighs it: what is claimed, what speaks for it, what speaks against it, what would change it."""
