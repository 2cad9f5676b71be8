"""What a running node says of itself, for the checks that need it. Refuses to look any deeper than its health file."""

import json
from pathlib import Path
from typing import Any

from bavn.app.config.load import NodeConfig
from bavn.app.node.health.files import HEALTH_FILE
from bavn.model.health import file_old
from bavn.model.malformed import UNREADABLE
from bavn.model.ports import Clock


def node_health(config: NodeConfig, clock: Clock) -> dict[str, Any] | None:
    """What the node of this configuration said last; None where it does not run, hangs, or wrote nothing readable."""
    try:
        health = json.loads((config.folder / HEALTH_FILE).read_text(encoding="utf-8"))
        fresh = not file_old(int(health["at_us"]), clock.now_us())
        alive = fresh and not health["stopped"] and Path(f"/proc/{int(health['pid'])}").exists()
    except UNREADABLE:
        return None
    return health if alive else None
