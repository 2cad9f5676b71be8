"""Ways to the other side, all behind the Link port: memory for the simulator, HTTPS for real."""
