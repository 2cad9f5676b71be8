"""Wakes the pulls that wait for something to be queued. Refuses to know what was queued."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

LISTENERS_PER_ACTOR_MAX: Final = 2


class Listener:
    """One waiting pull."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._over = False

    def clear(self) -> None:
        """Call before looking: what is queued from now on is not missed."""
        if not self._over:
            self._event.clear()

    def ring(self, *, over: bool = False) -> None:
        """Wakes it; ``over``: for good. In the loop's own thread."""
        self._over = self._over or over
        self._event.set()

    async def within(self, seconds: float) -> bool:
        """True when it was woken in time to look again; False when time is up or it must end."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return not self._over


class Wakes:
    """``wake`` and ``stop`` may be called from any thread, also when nobody listens any more."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._lock = threading.Lock()
        self._stopped = False

    @asynccontextmanager
    async def listening(self, actor: str) -> AsyncIterator[Listener]:
        """A listener for one actor; the oldest of too many is let go."""
        mine = Listener()
        with self._lock:
            listeners = self._listeners.setdefault(actor, [])
            listeners.append(mine)
            if self._stopped:
                mine.ring(over=True)
            if len(listeners) > LISTENERS_PER_ACTOR_MAX:
                listeners.pop(0).ring(over=True)
        try:
            yield mine
        finally:
            with self._lock:
                if mine in listeners:
                    listeners.remove(mine)
                if not listeners:
                    self._listeners.pop(actor, None)

    def wake(self, actor: str) -> None:
        """Something was queued for this actor."""
        with self._lock:
            woken = list(self._listeners.get(actor, ()))
        self._ring(woken, over=False)

    def stop(self) -> None:
        """Lets every pull end now, and those that come."""
        with self._lock:
            self._stopped = True
            woken = [one for listeners in self._listeners.values() for one in listeners]
        self._ring(woken, over=True)

    def _ring(self, woken: list[Listener], *, over: bool) -> None:
        for one in woken:
            with suppress(RuntimeError):  # its loop is closed: it waits no more
                one.loop.call_soon_threadsafe(partial(one.ring, over=over))
