"""A node of its own beside the one under test: the same program in a child process, on a folder that is gone
afterwards, fed with made-up records. It has no centre, enforces nothing and listens nowhere.

Refuses to touch the node under test, and to leave its child behind.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bavn.actor.store.history import History
from bavn.app.config.load import NodeConfig
from bavn.app.node.health.files import HEALTH_FILE
from bavn.model.moment import SECOND_US, iso
from bavn.traffic.replay import room

START_S_MAX: Final = 60.0
END_S_MAX: Final = 20.0
LOOK_EVERY_S: Final = 0.05
_HOSTS: Final = 50
_OUTSIDE: Final = 0x19_00_00_01
"""25.0.0.1: in a range that is not routed; nothing goes there, it only stands in records."""


class ChildFailed(Exception):
    """The child did not do what any node does. Whoever tests must look at its log."""


@dataclass(slots=True)
class Events:
    """Writes made-up flow events as Suricata does, each with a number of its own, up to now in time."""

    file: Path
    home: int
    written: int = 0

    def write(self, count: int, now_us: int) -> None:
        """So many more, in whole lines."""
        lines = [self._event(self.written + n, now_us) for n in range(count)]
        with self.file.open("a", encoding="ascii") as out:
            out.write("".join(lines))
        self.written += count

    def _event(self, number: int, now_us: int) -> str:
        moment = iso(now_us - 2 * SECOND_US + number % SECOND_US)[:-1] + "+0000"
        begun = iso(now_us - 3 * SECOND_US + number % SECOND_US)[:-1] + "+0000"
        flow = {
            "pkts_toserver": 9,
            "pkts_toclient": 8,
            "bytes_toserver": 900 + number % 97,
            "bytes_toclient": 4000,
            "start": begun,
            "end": moment,
            "age": 1,
            "state": "closed",
            "reason": "timeout",
        }
        return (
            json.dumps(
                {
                    "timestamp": moment,
                    "flow_id": number + 1,
                    "event_type": "flow",
                    "src_ip": str(IPv4Address(self.home + 2 + number % _HOSTS)),
                    "src_port": 40_000 + number % 20_000,
                    "dest_ip": str(IPv4Address(_OUTSIDE + number % 200)),
                    "dest_port": 443,
                    "proto": "TCP",
                    "app_proto": "tls",
                    "flow": flow,
                },
                separators=(",", ":"),
            )
            + "\n"
        )


@dataclass(slots=True)
class Throwaway:
    """``with Throwaway(config, folder) as node``: started by ``start``; ended however the block is left."""

    config: NodeConfig
    folder: Path
    events: Events = field(init=False)
    starts: int = 0
    _child: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.events = Events(self.folder / "eve.json", int(room(self.config.node.homes).network_address))
        self.events.file.touch()
        given = self.config
        (self.folder / "node.toml").write_text(
            f'[node]\nactor = "{given.node.actor}"\nhomes = {json.dumps(list(given.node.homes))}\n'
            f'[sense]\neve_file = "eve.json"\nkey_exchanges = false\nmemory_mb = {given.sense.memory_mb}\n'
            f"[store]\nthreads = {given.store.threads}\nmemory_mb_max = {given.store.memory_mb_max}\n",
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it is up. Raises ChildFailed."""
        self.starts += 1
        since = time.time_ns() // 1000
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "bavn.app.cli", "node", "run", "--config", str(self.folder / "node.toml")],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.until(lambda: self.health().get("at_us", 0) > since, START_S_MAX, "it is up")

    def health(self) -> dict[str, Any]:
        """What it said last; empty before."""
        try:
            health: dict[str, Any] = json.loads((self.folder / "data" / HEALTH_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return health

    def taken(self) -> int:
        """Rows that this process of it has taken in, as it says."""
        return sum(int(one["rows"]) for one in self.health().get("sources", ()))

    def until(self, done: Callable[[], bool], seconds: float, what: str) -> float:
        """Waits; how long (s). Raises ChildFailed where it ends first, or takes longer."""
        began = time.monotonic()
        while not done():
            if self._child is not None and self._child.poll() is not None:
                raise ChildFailed(f"the throwaway node ended by itself: {self._last_line()}")
            if time.monotonic() - began > seconds:
                raise ChildFailed(f"after {seconds:g} s not yet: {what}")
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9, whatever it does. Harmless when repeated."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def end(self) -> None:
        """As an operator would. Raises ChildFailed."""
        if self._child is None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(END_S_MAX)
        except subprocess.TimeoutExpired as error:
            raise ChildFailed(f"it did not end within {END_S_MAX:g} s of SIGTERM") from error
        finally:
            self.kill()

    def _last_line(self) -> str:
        lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it did not say why"

    @property
    def store(self) -> Path:
        return self.folder / "data" / "store"


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of flows in a store: how many there are, and how many of them have a number of their own."""

    rows: int
    different: int


def counted(store: Path) -> Counted:
    """Of a store whose node has ended. Raises StoreDamaged, OSError."""
    with History.read(store) as history:
        stats = history.stats()
        if stats.oldest_us is None or stats.newest_us is None:
            return Counted(0, 0)
        window = history.window(stats.oldest_us, stats.newest_us + 1)
        ((rows, different),) = window.rows("SELECT count(*), count(DISTINCT flow_id) FROM flow")
    return Counted(int(rows), int(different))
