"""The key holder: a party apart from the centre that evaluates the oblivious PRF and hands out round keys."""
