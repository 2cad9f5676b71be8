"""The lab's own commands."""
