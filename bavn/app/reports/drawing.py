"""One document is drawn at a time. Refuses to wait for ever."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

WAIT_S_MAX: Final = 30.0
_TURN: Final = threading.Lock()


@contextmanager
def drawing() -> Iterator[None]:
    """A turn to draw. Stop (not now) where others draw for WAIT_S_MAX."""
    if not _TURN.acquire(timeout=WAIT_S_MAX):
        raise Stop(Exit.NOT_NOW, Text("other documents are being drawn: ask again in a minute"))
    try:
        yield
    finally:
        _TURN.release()
