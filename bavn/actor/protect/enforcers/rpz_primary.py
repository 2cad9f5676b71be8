"""The response policy zone as a primary keeps it: names, a serial that only rises, and the last changes.

Resolvers of the actor's own (BIND, unbound, Knot, PowerDNS, appliances) fetch it by zone transfer and ask for the
changes since the serial that they hold. Names and serial are on disk before anybody is told. Refuses to know sockets.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from bavn.actor.protect.enforcers.atomic import read_if_there, write_whole
from bavn.actor.protect.enforcers.rpz import names_in, serial_of, stands_in_zone, zone_text
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType

STEPS_MAX: Final = 100
STEP_NAMES_MAX: Final = 20_000
"""Changes that are remembered: more of either, and a secondary fetches the whole zone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change: names that went and names that came, both sorted."""

    serial_before: int
    serial_after: int
    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """The zone at one moment. ``steps``: the last changes, in order, up to ``serial``."""

    serial: int
    names: tuple[str, ...]
    steps: tuple[Step, ...]

    def since(self, serial: int) -> tuple[Step, ...] | None:
        """The changes after this serial; none for the present one; None where they are not known any more."""
        if serial == self.serial:
            return ()
        for at, step in enumerate(self.steps):
            if step.serial_before == serial:
                return self.steps[at:]
        return None


class RpzPrimary:
    """An Enforcer. ``tell`` is called with nothing to wait for when the zone has changed."""

    def __init__(self, file: Path, tell: Callable[[], None] = lambda: None) -> None:
        self._file = file
        self._tell = tell
        self._lock = threading.Lock()
        held = read_if_there(file)
        if held is None:
            held = zone_text([], 1)
            write_whole(file, held)
        self._zone = Zone(serial_of(held), tuple(sorted(names_in(held))), ())
        self._steps: deque[Step] = deque(maxlen=STEPS_MAX)

    name = "rpz_transfer"
    carries = frozenset({ObservableType.DOMAIN})

    def takes(self, observable: Observable) -> bool:
        """See stands_in_zone."""
        return stands_in_zone(observable)

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port: true here when written; a resolver has it when it has fetched it."""
        names = tuple(name for name, _ in groupby(sorted(block.observable.value for block in blocks)))
        if names == self._zone.names:
            return
        wanted, there = set(names), set(self._zone.names)
        serial = self._zone.serial + 1
        write_whole(self._file, zone_text(names, serial))
        step = Step(self._zone.serial, serial, tuple(sorted(there - wanted)), tuple(sorted(wanted - there)))
        self._steps.append(step)
        while sum(len(one.gone) + len(one.new) for one in self._steps) > STEP_NAMES_MAX:
            self._steps.popleft()
        with self._lock:
            self._zone = Zone(serial, names, tuple(self._steps))
        self._tell()

    def zone(self) -> Zone:
        """The zone as it is now. From any thread."""
        with self._lock:
            return self._zone
