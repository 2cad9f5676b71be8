"""The node as a service: put together from its configuration, run, asked from outside."""
