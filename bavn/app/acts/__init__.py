"""What a person can do or ask, declared once: one function each, with its typed input, its right and its refusals."""
