"""The demonstration: a whole sector on one machine, from packets to blocks."""
