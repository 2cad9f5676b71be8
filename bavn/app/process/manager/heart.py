"""What a service says to systemd: that it is up, that it makes progress, that it stops (sd_notify(3)).

Progress is that each part of it, a thread or an event loop, began a turn not longer ago than the unit's WatchdogSec.
Where one has not, nothing is said, and systemd ends the service and starts it again.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Final, Self

_LOG = logging.getLogger(__name__)
SOCKET: Final = "NOTIFY_SOCKET"
PERIOD: Final = "WATCHDOG_USEC"
READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"
LOOP_S: Final = 5.0
"""How often an event loop says that it turns."""


class Heart:
    """Tells the service manager. ``say`` sends one message; ``period_s`` 0: no watchdog."""

    def __init__(
        self,
        say: Callable[[str], None] = lambda _: None,
        period_s: float = 0.0,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._period_s, self._tick = say, period_s, tick
        self._turned_s: dict[str, float] = {}
        self._ended = threading.Event()

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Self:
        """As systemd asks in the environment. What is started from this process is not asked: the names go."""
        address, period = environment.pop(SOCKET, ""), environment.pop(PERIOD, "")
        environment.pop("WATCHDOG_PID", None)
        if not address:
            return cls()
        return cls(_sender(address), int(period) / 1_000_000 if period.isdecimal() else 0.0)

    def beat(self, part: str) -> None:
        """This part begins a turn. From any thread."""
        self._turned_s[part] = self._tick()

    def rest(self, part: str) -> None:
        """This part has ended, and has no more turns."""
        self._turned_s.pop(part, None)

    def late(self) -> list[str]:
        """Parts whose turn has taken longer than the period."""
        now_s = self._tick()
        return sorted(part for part, turned_s in self._turned_s.copy().items() if now_s - turned_s > self._period_s)

    def look(self) -> None:
        """Says once that all parts make progress, where they do."""
        late = self.late()
        if late:
            _LOG.critical("no progress for %.0f s: %s", self._period_s, ", ".join(late))
        else:
            self._say(ALIVE)

    def ready(self) -> None:
        self._say(READY)

    @contextmanager
    def beating(self) -> Iterator[Self]:
        """Looks four times a period, in a thread, until the service stops."""
        if self._period_s:
            threading.Thread(target=self._run, name="heart", daemon=True).start()
        try:
            yield self
        finally:
            self._ended.set()
            self._say(STOPPING)

    def _run(self) -> None:
        while not self._ended.wait(self._period_s / 4):
            self.look()

    @contextmanager
    def loop(self, part: str) -> Iterator[None]:
        """The running event loop turns, as long as this lasts."""

        async def turns() -> None:
            while True:
                self.beat(part)
                await asyncio.sleep(LOOP_S)

        task = asyncio.get_running_loop().create_task(turns())
        try:
            yield
        finally:
            task.cancel()
            self.rest(part)


def _sender(address: str) -> Callable[[str], None]:
    """Sends to a datagram socket: a path, or with @ an abstract name."""
    to = f"\0{address[1:]}" if address.startswith("@") else address

    def send(message: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(1.0)
                out.sendto(message.encode(), to)
        except OSError as error:
            _LOG.warning("systemd cannot be told %s: %s", message, error)

    return send
