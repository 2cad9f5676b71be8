"""Which way in fits an actor: what it answers about itself, weighed against what each source feeds."""
