"""What a window sees, as a value that travels: the list of files, the span, the bounds. Another process opens it.

Whoever made the sight holds the lease, so the files stay while it is in use; whoever opens one holds nothing and
writes nothing beside them. A worker needs the folder ``segments`` and no more. Refuses to know a key or a policy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from bavn.actor.store.faults import StoreDamaged
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import Snapshot
from bavn.actor.store.segments.damage import damaged_among, words
from bavn.actor.store.segments.segment import Segment
from bavn.model.moment import HOUR_US
from bavn.model.record import TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFiles:
    """The files of a window and how they are read. Plain values; it names no host and no address but own networks."""

    first_us: int
    last_us: int
    homes: tuple[str, ...]
    limits: StoreLimits
    snapshot: Snapshot

    def within(self, first_us: int, last_us: int) -> "WindowFiles":
        """A part of it: the rows with first_us <= ts < last_us, and the files that hold rows of its whole hours."""
        low, high = first_us // HOUR_US * HOUR_US, -(-last_us // HOUR_US) * HOUR_US
        there = tuple(s for s in self.snapshot.segments if s.last_us >= low and s.first_us < high)
        return replace(self, first_us=first_us, last_us=last_us, snapshot=replace(self.snapshot, segments=there))

    @property
    def rows(self) -> int:
        """Of record tables, in the hours that it touches."""
        return sum(self._rows_by_hour().values())

    def parts(self, count: int) -> list["WindowFiles"]:
        """At most so many parts, one after the other in time, cut at whole hours, with about as many rows each."""
        rows = self._rows_by_hour()
        cuts, total, seen = [self.first_us], sum(rows.values()), 0
        for hour in sorted(rows):
            if seen * count >= total * len(cuts) and hour * HOUR_US > cuts[-1]:
                cuts.append(hour * HOUR_US)
            seen += rows[hour]
        return [self.within(first, last) for first, last in pairwise([*cuts, self.last_us])]

    def _rows_by_hour(self) -> dict[int, int]:
        rows: dict[int, int] = {}
        for segment in self.snapshot.segments:
            if segment.table in TABLES:
                for hour, some in segment.rows_by_hour:
                    if self.first_us < (hour + 1) * HOUR_US and hour * HOUR_US < self.last_us:
                        rows[hour] = rows.get(hour, 0) + some
        return rows


class NoLease:
    """Held by whoever only opens a sight: the lease is its maker's."""

    def release(self) -> None:
        """Nothing to let go of."""


def damage_in(files: Path) -> Callable[[Sequence[Segment]], StoreDamaged | None]:
    """Says what of some segments is damaged, and takes nothing out: the writer does."""

    def damage(segments: Sequence[Segment]) -> StoreDamaged | None:
        found = damaged_among(segments, files, deep=True)
        return words(found, taken_out=False) if found else None

    return damage
