"""The SAC console's sources, partners and MISPs."""
