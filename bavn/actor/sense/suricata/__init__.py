"""Suricata: its EVE, and the Suricata that the node manages."""
