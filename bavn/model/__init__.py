"""The nouns of DESIGN.md and the ports. Imports nothing of Bavn's; knows no disk, socket, clock or dice."""
