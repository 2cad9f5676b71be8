"""The sector's nouns: actors, leads, cases, exercises, partners."""
