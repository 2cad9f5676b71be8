"""Syslog that is sent to the node."""
