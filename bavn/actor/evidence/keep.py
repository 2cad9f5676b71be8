"""Keeps the packets of a suspicion when it becomes known, before the ring forgets them; then forgets them itself.

Refuses to know where suspicions and rings come from: they are handed in.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bavn.actor.evidence.cut import Wanted, cut
from bavn.actor.evidence.ends import Ends
from bavn.actor.evidence.ring import bound
from bavn.actor.evidence.settings import EvidenceSettings
from bavn.actor.formats.pcap import pcap_bytes
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.ports import Clock
from bavn.model.suspicion import Suspicion

TRIES_MAX: Final = 5
"""A suspicion without a packet in the ring is tried again, each time twice as late: what was written last may not be
on the disk yet, and a long connection goes on."""

AT_ONCE_MAX: Final = 256
"""One pass over the ring takes the packets of so many."""

_MEMORY_BYTES_MAX: Final = 128 << 20
_FORGOTTEN_MAX: Final = 100_000
_GRACE_US: Final = 2 * SECOND_US
"""A flow's records are stamped by its first packet; what the last call still says comes after it."""


@dataclass(slots=True)
class Keeper:
    """``folder`` takes ID.pcap for each suspicion. ``files`` lists the ring's. ``ends`` finds a suspicion's ends."""

    folder: Path
    settings: EvidenceSettings
    clock: Clock
    files: Callable[[], Sequence[Path]]
    ends: Callable[[Suspicion], Ends]
    stop: Callable[[], bool] = lambda: False
    _tries: dict[str, tuple[int, int]] = field(default_factory=dict)

    def turn(self, suspicions: Iterable[Suspicion]) -> list[str]:
        """Keeps what is due, up to a bound, and forgets what is too old or too much; returns the ids that were kept.
        OSError where the disk takes no more; raises what ``ends`` raises."""
        due = self._due(suspicions)
        cuts = self._cut(due) if due else []
        now_us = self.clock.now_us()
        bound(self.folder, self.settings.evidence_bytes_max, now_us - self.settings.evidence_days_max * DAY_US)
        return cuts

    def _due(self, suspicions: Iterable[Suspicion]) -> list[Suspicion]:
        now_us = self.clock.now_us()
        due = []
        for suspicion in suspicions:
            tries, next_us = self._tries.get(suspicion.id, (0, 0))
            if self.triggers(suspicion) and tries < TRIES_MAX and now_us >= next_us:
                if path_of(self.folder, suspicion.id).exists():
                    self._tries[suspicion.id] = (TRIES_MAX, 0)
                    continue
                due.append(suspicion)
                if len(due) >= AT_ONCE_MAX:
                    break
        return due

    def triggers(self, suspicion: Suspicion) -> bool:
        """Whether this suspicion's packets are to be kept."""
        return (
            suspicion.detector in self.settings.keep_packets_of
            or suspicion.evidence_nats >= self.settings.keep_packets_nats_min
        )

    def _cut(self, due: list[Suspicion]) -> list[str]:
        wanted = [
            wanted_of(due_suspicion, self.ends(due_suspicion), self.settings.packets_bytes_max) for due_suspicion in due
        ]
        cut(self.files(), wanted, self.stop, bytes_max=max(_MEMORY_BYTES_MAX, self.settings.packets_bytes_max))
        cuts = []
        for suspicion, item in zip(due, wanted, strict=True):
            if item.put_off:
                continue
            if item.found:
                write(path_of(self.folder, suspicion.id), item, self.clock.now_us())
                cuts.append(suspicion.id)
            self._tried(suspicion.id, done=bool(item.found))
        return cuts

    def _tried(self, suspicion_id: str, *, done: bool) -> None:
        if len(self._tries) >= _FORGOTTEN_MAX:
            self._tries.clear()
        tries = self._tries.get(suspicion_id, (0, 0))[0] + 1
        later_us = self.clock.now_us() + (1 << tries) * MINUTE_US
        self._tries[suspicion_id] = (TRIES_MAX if done else tries, later_us)


def wanted_of(suspicion: Suspicion, ends: Ends, bytes_max: int) -> Wanted:
    """The packets of a suspicion, a little beyond its span."""
    return Wanted(ends, suspicion.first_us - _GRACE_US, suspicion.last_us + MINUTE_US, bytes_max)


def path_of(folder: Path, suspicion_id: str) -> Path:
    """Where a suspicion's packets lie."""
    return folder / f"{suspicion_id}.pcap"


def write(target: Path, item: Wanted, now_us: int) -> None:
    """All of it or nothing, readable by its owner alone, dated when it was kept."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in pcap_bytes(item.found, item.found[-1].linktype if item.found else 1):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.utime(fresh, ns=(now_us * 1000, now_us * 1000))
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
