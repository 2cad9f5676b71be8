"""Where a running node says how it is, for whoever asks from another process."""

from typing import Final

HEALTH_FILE: Final = "health.json"
ACKNOWLEDGED_FILE: Final = "health-acknowledged.json"
"""When a person said last that they know of what was lost, and who."""
STALE_S: Final = 60
"""A file older than this was left by a node that hangs, or was killed."""
