"""The SAC console's cases."""
