"""What the centre exchanges with parties outside the sector: TAXII, MISP, feeds."""
