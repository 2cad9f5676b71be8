"""The sector's nouns: actors, leads, cases, partners."""
