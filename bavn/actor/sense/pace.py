"""When a source that trickles is worth reading: a handful of lines costs as much to read as some thousand.

Refuses to know what is read.
"""

import time
from collections.abc import Callable
from typing import Final

GATHER_S: Final = 4.0
MUCH_BYTES: Final = 1 << 20


class Pace:
    """``tick``: seconds, never backwards."""

    def __init__(self, gather_s: float = GATHER_S, tick: Callable[[], float] = time.monotonic) -> None:
        self._gather_s, self._tick = gather_s, tick
        self._last_s: float | None = None

    def due(self, waiting_bytes: int) -> bool:
        """True at once where much waits, else after ``gather_s``."""
        now = self._tick()
        if self._last_s is not None and waiting_bytes < MUCH_BYTES and now - self._last_s < self._gather_s:
            return False
        self._last_s = now
        return True
