"""Where a running node says how it is, for whoever asks from another process."""

from typing import Final

HEALTH_FILE: Final = "health.json"
ACKNOWLEDGED_FILE: Final = "health-acknowledged.json"
"""When a person said last that they know of what was lost, and who."""
