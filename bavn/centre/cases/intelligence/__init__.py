"""Intelligence from outside: sources, and what they propose."""
