"""How much somebody may ask for in a minute, before anything else is done for them. Refuses to know who they are."""

import threading
import time
from collections.abc import Callable
from typing import Final

KEYS_MAX: Final = 2000
MINUTE_S: Final = 60.0


class Throttle:
    """Counts requests and bytes per key in minutes of ``tick`` (seconds, never backwards). From any thread."""

    def __init__(
        self, requests_per_minute_max: int, bytes_per_minute_max: int, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._requests_max = requests_per_minute_max
        self._bytes_max = bytes_per_minute_max
        self._tick = tick
        self._used: dict[str, tuple[int, int]] = {}
        self._minute = -1
        self._lock = threading.Lock()

    def too_much(self, key: str, size_bytes: int) -> bool:
        """Counts one request; True if it is over the minute's bound (then its bytes are not counted)."""
        with self._lock:
            minute = int(self._tick() / MINUTE_S)
            if minute != self._minute or len(self._used) > KEYS_MAX:
                self._used.clear()
                self._minute = minute
            requests, size = self._used.get(key, (0, 0))
            over = requests >= self._requests_max or size + size_bytes > self._bytes_max
            self._used[key] = (requests + 1, size if over else size + size_bytes)
            return over

    def over(self, key: str) -> bool:
        """Whether the minute's requests are used up; counts nothing."""
        with self._lock:
            used, _ = self._used.get(key, (0, 0))
            return int(self._tick() / MINUTE_S) == self._minute and used >= self._requests_max
