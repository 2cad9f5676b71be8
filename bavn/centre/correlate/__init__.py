"""The private join's driver and the score: reports -> leads."""
