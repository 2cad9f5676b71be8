"""How indicators are written to parties outside the sector: STIX, TAXII."""
