"""Cases: leads somebody triages."""
