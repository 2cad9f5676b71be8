"""The only place that chooses real or simulated: command line, configuration, services."""
