"""The clock of a centre or a key holder, believed as model/clock/believed.py has it, across restarts and processes.

The service keeps what it believes in a file of its folder, with the boot and its ticks; a process beside it, such as
the console or a command, goes by that file, whether the service runs or not. Without the file the machine's clock is
believed: a person who deletes it and starts the service says so.
"""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from bavn.app.process.real import SystemClock
from bavn.app.process.service_health import PromiseFinding
from bavn.app.process.whole_file import write_whole
from bavn.model.clock.believed import BelievedClock
from bavn.model.health import Promise
from bavn.model.moment import iso
from bavn.model.ports import Clock
from bavn.model.text import Text

CLOCK_FILE: Final = "clock.json"
KEEP_S: Final = 30.0
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
CLOCK_BELIEVED: Final = Promise(
    code="clock_believed",
    act="operator",
    says=Text("the machine's clock is right, as far as others' signed times tell"),
    first=Text("look at NTP; docs/store.md, Clock jumps"),
)


class PartyClock(BelievedClock):
    """The service's. ``folder``: the party's, of which no other service is."""

    def __init__(self, folder: Path, need: int | None = None) -> None:
        self._file, self._kept_tick = folder / CLOCK_FILE, 0.0
        kept = _read(self._file)
        super().__init__(SystemClock(), tick, kept and kept[1], base=_base(kept), need=need)

    def now_us(self) -> int:
        """See BelievedClock; kept from time to time."""
        now_us, ticks = super().now_us(), tick()
        if ticks - self._kept_tick >= KEEP_S:
            self._kept_tick = ticks
            with suppress(OSError):  # the disk has its own promise
                write_whole(self._file, json.dumps([_boot(), now_us, ticks]).encode(), mode=0o600)
        return now_us


class BesideClock:
    """Implements Clock for a process beside the service: what that one believes, or would at its start."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._file, self._clock, self._read_tick = folder / CLOCK_FILE, clock or SystemClock(), 0.0
        self._kept: tuple[str, int, float] | None = None

    def now_us(self) -> int:
        """See the port."""
        ticks = tick()
        if ticks - self._read_tick >= 1:
            self._read_tick, self._kept = ticks, _read(self._file)
        kept = self._kept
        return BelievedClock(self._clock, tick, kept and kept[1], base=_base(kept)).now_us()


def tick() -> float:
    """Seconds since the machine was started, also those that it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def clock_promise(clock: BelievedClock) -> PromiseFinding:
    """What the machine's clock says, where that is not believed."""
    said_us = clock.doubted_us()
    if said_us is None:
        return PromiseFinding()
    facts = {"said": iso(said_us)[:19], "believed": iso(clock.now_us())[:19]}
    return PromiseFinding([Text("it says {said} and is not believed: it is {believed}").filled(**facts)])


def _read(file: Path) -> tuple[str, int, float] | None:
    try:
        boot, at_us, ticks = json.loads(file.read_bytes())
        return str(boot), int(at_us), float(ticks)
    except (OSError, ValueError, TypeError):
        return None


def _base(kept: tuple[str, int, float] | None) -> tuple[int, float] | None:
    """What was believed, and the tick at it, if the machine was not started since."""
    return kept[1:] if kept is not None and kept[0] and kept[0] == _boot() else None


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
