"""One document is drawn at a time: matplotlib's settings are the whole process's, so that two at once would take each
other's. What the drawing took is given back when it is done: its objects refer to each other in rings, and the C
library keeps what was let go.

Refuses to wait for ever.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bavn.app.exits import Exit, Stop
from bavn.app.memory import give_back

WAIT_S_MAX: Final = 30.0
_TURN: Final = threading.RLock()
_depth = threading.local()


@contextmanager
def drawing() -> Iterator[None]:
    """A turn to draw; within a turn it is had at once. Stop (not now) where others draw for WAIT_S_MAX."""
    if not _TURN.acquire(timeout=WAIT_S_MAX):
        raise Stop(Exit.NOT_NOW, "other documents are being drawn: ask again in a minute")
    depth = getattr(_depth, "turns", 0)
    _depth.turns = depth + 1
    try:
        yield
    finally:
        _depth.turns = depth
        if not depth:
            give_back()
        _TURN.release()
