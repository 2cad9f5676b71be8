"""One thread that breaks off what takes too long, and everything when the store is to end.

A statement that begins just after it was interrupted would run on, so what is over its time is interrupted again and
again until it has ended. Refuses to know what is run.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

AGAIN_S: Final = 0.05
IDLE_S: Final = 30.0


class Stopped(Exception):
    """The store is about to be closed: nothing more may be asked. Nobody must act."""


class Watchdog:
    """Bounds any number of things at once, from any thread. Its own thread begins with the first and ends when there
    was nothing to watch for IDLE_S."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[int, tuple[float, Callable[[], None]]] = {}
        self._next = 0
        self._thread: threading.Thread | None = None
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    @contextmanager
    def within(self, seconds: float, interrupt: Callable[[], None]) -> Iterator[None]:
        """``interrupt`` is called once ``seconds`` have passed, or the watchdog was stopped, and this has not ended.
        Raises Stopped if it was stopped before."""
        with self._changed:
            if self._stopped:
                raise Stopped("the store is being closed")
            number = self._next = self._next + 1
            self._watched[number] = (time.monotonic() + seconds, interrupt)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._watched[number]

    def stop(self) -> None:
        """Break off all that runs and refuse all that comes."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                late = [act for end, act in self._watched.values() if self._stopped or end <= now]
                for interrupt in late:
                    interrupt()
                if late:
                    self._changed.wait(AGAIN_S)
                elif self._watched:
                    self._changed.wait(min(IDLE_S, max(0.0, min(end for end, _ in self._watched.values()) - now)))
                elif self._stopped or (not self._changed.wait(IDLE_S) and not self._watched):
                    self._thread = None
                    return
