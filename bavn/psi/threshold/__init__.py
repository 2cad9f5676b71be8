"""The oblivious PRF by k of n key holders, and how they make their key. Pure: no I/O, no clock, no dice."""
