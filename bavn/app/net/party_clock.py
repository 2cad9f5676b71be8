"""The clock of a centre or a key holder, believed as model/clock/believed.py has it, across restarts and processes.

The service keeps what it believes in a file of its folder, with the boot and its ticks; a process beside it, such as
the console, goes by that file where the machine's clock is far from it. Without the file the machine's clock is
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
from bavn.model.clock.believed import LEAP_US, BelievedClock
from bavn.model.health import Promise
from bavn.model.moment import SECOND_US, iso
from bavn.model.ports import Clock
from bavn.model.text import Text

CLOCK_FILE: Final = "clock.json"
KEEP_S: Final = 30.0
RUNS_S: Final = 3600.0
"""A service that has kept nothing for so long does not run."""
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
        kept, boot = _read(self._file), _boot()
        base = None if kept is None or not boot or kept[0] != boot else (kept[1], kept[2])
        super().__init__(SystemClock(), tick, None if kept is None else kept[1], base=base, need=need)

    def now_us(self) -> int:
        """See BelievedClock; kept from time to time."""
        now_us, ticks = super().now_us(), tick()
        if ticks - self._kept_tick >= KEEP_S:
            self._kept_tick = ticks
            with suppress(OSError):  # the disk has its own promise
                write_whole(self._file, json.dumps([_boot(), now_us, ticks]).encode(), mode=0o600)
        return now_us


class BesideClock:
    """Implements Clock for a process beside the service: what that one believes, while it runs."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._file, self._clock, self._read_tick = folder / CLOCK_FILE, clock or SystemClock(), 0.0
        self._kept: tuple[str, int, float] | None = None

    def now_us(self) -> int:
        """See the port."""
        wall_us, ticks = self._clock.now_us(), tick()
        if ticks - self._read_tick >= 1:
            self._read_tick, self._kept = ticks, _read(self._file)
        if self._kept is None or self._kept[0] != _boot() or not 0 <= ticks - self._kept[2] <= RUNS_S:
            return wall_us
        believed_us = self._kept[1] + int((ticks - self._kept[2]) * SECOND_US)
        return wall_us if abs(wall_us - believed_us) <= LEAP_US else believed_us


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


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
