"""`bavn centre`: rounds, what is counted in them, and the log that says what the centre did."""
