"""What the centre keeps of rounds, leads, canaries and clocks."""
