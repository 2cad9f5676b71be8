"""Where shared indicators were met here: counted exactly at home, told to the door at once the first time, then seldom.

``blocked`` adds up from the resolver's log (exactly once: the mark of the log is kept with the count); ``seen`` is
counted anew over the last hours each time, so that late rows and restarts do not double it; ``retro`` is one answer,
yes or no. Refuses to know who met them: that is rollback.py's, for an hour.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, get_args

from bavn.actor.protect.state import State
from bavn.model.intel.indicator import Sighting, SightingKind
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable, ObservableType
from bavn.wire.book import Book


@dataclass(frozen=True, slots=True)
class Hit:
    """An observable met ``count`` times between two moments. ``hosts``: own machines that were refused it, as far as
    the source knows them, each with its last moment (at most HOSTS_MAX)."""

    observable: Observable
    count: int
    first_us: int
    last_us: int
    hosts: tuple[tuple[str, int], ...] = field(default=(), repr=False)


HOSTS_MAX: Final = 1000


def blocked_met(book: Book) -> list[tuple[str, ObservableType, int, int]]:
    """(indicator, its type, first and last time it was blocked here in us), for the day's counts at the door."""
    rows = book.rows(
        """SELECT indicator_id, type, first_us, last_us FROM protect_met JOIN protect_item USING (indicator_id)
        WHERE kind = 'blocked' AND count > 0 AND first_us IS NOT NULL ORDER BY indicator_id"""
    )
    return [(name, ObservableType(kind), first_us, last_us) for name, kind, first_us, last_us in rows]


class HitSource(Protocol):
    """A log of hits that is read piece by piece."""

    @property
    def name(self) -> str: ...

    def read(self, mark: str | None) -> tuple[tuple[Hit, ...], str]:
        """Everything since ``mark`` (None: from the start), and the new mark. Reading again from a mark gives the
        same. Raises EnforcerDown where the log cannot be read."""
        ...

    def kept(self, mark: str) -> None:
        """What lies before ``mark`` was counted for good: it may be deleted."""
        ...


class Sightings:
    """Counts per indicator and kind. ``every_s``: the least time between two tellings of one count. ``refused``: told
    of each hit of an indicator, in the transaction that counts it."""

    def __init__(self, state: State, *, every_s: int, refused: Callable[[str, Hit], None] = lambda *_: None) -> None:
        self._state = state
        self._refused = refused
        self._every_us = every_s * SECOND_US

    def collect(self, source: HitSource) -> None:
        """Reads a log and keeps hits and mark together."""
        mark_name = f"mark/{source.name}"
        hits, mark = source.read(self._state.note(mark_name))
        with self._state.book.transaction():
            for hit in hits:
                for indicator_id in self._state.ids_of(hit.observable):
                    self.add(indicator_id, "blocked", hit)
                    self._refused(indicator_id, hit)
            self._state.set_note(mark_name, mark)
        source.kept(mark)

    def add(self, indicator_id: str, kind: SightingKind, hit: Hit) -> None:
        """Adds to the count: these hits were never counted before."""
        with self._state.book.transaction() as tx:
            tx.execute(
                """INSERT INTO protect_met VALUES (?, ?, ?, ?, ?, 0, NULL)
                ON CONFLICT DO UPDATE SET count = count + excluded.count,
                  first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us)""",
                (indicator_id, _known(kind), hit.count, hit.first_us, hit.last_us),
            )

    def seen(self, indicator_id: str, kind: SightingKind, count: int, first_us: int, last_us: int) -> None:
        """At least so many: the same hits may have been counted before, unless all of them came later."""
        with self._state.book.transaction() as tx:
            tx.execute(
                """INSERT INTO protect_met VALUES (?, ?, ?, ?, ?, 0, NULL)
                ON CONFLICT DO UPDATE SET count = CASE WHEN excluded.first_us > last_us THEN count + excluded.count
                    ELSE max(count, excluded.count) END,
                  first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us)""",
                (indicator_id, _known(kind), count, first_us, last_us),
            )

    def answered(self, indicator_id: str, count: int, first_us: int | None, last_us: int | None) -> None:
        """The retro-hunt's answer, also when it is no. Told at once."""
        with self._state.book.transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO protect_met VALUES (?, 'retro', ?, ?, ?, -1, NULL)",
                (indicator_id, count, first_us, last_us),
            )

    def tell(self, now_us: int) -> None:
        """Puts in the door's queue what is new and due."""
        rows = self._state.book.rows(
            """SELECT indicator_id, kind, count, first_us, last_us FROM protect_met
            WHERE count <> told_count AND (told_us IS NULL OR told_us <= ?) ORDER BY indicator_id, kind""",
            (now_us - self._every_us,),
        )
        with self._state.book.transaction() as tx:
            for indicator_id, kind, count, first_us, last_us in rows:
                self._state.tell(
                    Sighting(indicator_id=indicator_id, kind=kind, count=count, first_us=first_us, last_us=last_us)
                )
                tx.execute(
                    "UPDATE protect_met SET told_count = count, told_us = ? WHERE indicator_id = ? AND kind = ?",
                    (now_us, indicator_id, kind),
                )


def _known(kind: SightingKind) -> str:
    if kind not in get_args(SightingKind):
        raise ValueError(f"no kind of sighting: {kind!r}")
    return kind
