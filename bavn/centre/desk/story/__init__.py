"""An attack told again, from the centre's own books: its facts, the replay of it, the story of a minute."""
