"""What a running node says of itself, for the checks that need it. Refuses to look any deeper than its health file."""

import json
from pathlib import Path
from typing import Any

from bavn.app.config.load import NodeConfig
from bavn.app.node.health.files import HEALTH_FILE, STALE_S
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock


def told(config: NodeConfig, clock: Clock) -> dict[str, Any] | None:
    """What the node of this configuration said last; None where it does not run, hangs, or wrote nothing readable."""
    try:
        found = json.loads((config.folder / HEALTH_FILE).read_text(encoding="utf-8"))
        age_s = (clock.now_us() - int(found["at_us"])) // SECOND_US
        alive = not found["stopped"] and Path(f"/proc/{int(found['pid'])}").exists()
    except UNREADABLE:
        return None
    return found if alive and age_s <= STALE_S else None
