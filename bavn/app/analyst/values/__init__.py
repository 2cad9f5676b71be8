"""What an analyst asks about one value: its card, the records that share it, the indicators that a word names."""
