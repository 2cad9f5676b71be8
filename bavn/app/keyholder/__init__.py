"""The key holder as a service."""
