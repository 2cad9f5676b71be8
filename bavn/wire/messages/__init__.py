"""Every message, built up from nothing; each field with its privacy class and bound."""
