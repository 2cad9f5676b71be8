"""What this node knows of its own elements at its neighbours: element -> how many groups knew it, day by day.

Only a node can tie days together, since ids change every day; so only here is it kept, for 28 days and of at most
ROWS_MAX elements. Lies in the node's own book and never travels. What an element is it does not ask: it sees its
bytes (psi/element.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.sector.known_days import DAYS, KnownDays
from bavn.psi.element import ORDINARY_TAGS, ordinary_of
from bavn.psi.ordinary import Ordinary, OrdinaryType
from bavn.wire.book import Book

ROWS_MAX: Final = 400_000
"""Four sets of the largest size: who lists other elements every day keeps those of the last days."""
_SCHEMA = (
    """CREATE TABLE door_commons (
        element BLOB PRIMARY KEY, day INTEGER NOT NULL, buckets BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX door_commons_day ON door_commons (day)",
)
GROUPS_SQL: Final = "SELECT groups FROM door_commons_round WHERE state = 'answered' ORDER BY day DESC LIMIT 1"
"""How many groups took part in the last round that was answered."""
ALIKE_SQL: Final = "SELECT day, buckets, count(*) FROM door_commons GROUP BY day, buckets"
"""How many elements have the same days behind them: few rows of many elements."""
_CHUNK: Final = 500
Known = dict[bytes, KnownDays]


Rows = Callable[[str, tuple[Any, ...]], list[tuple[Any, ...]]]


class CommonsTable:
    """Joins the transaction that is open. May be called from any thread."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("door_commons", 1, _SCHEMA)

    def keep(self, day: int, buckets: Mapping[bytes, int]) -> None:
        """A day's answer, by element, and forgets what is older than DAYS and what is too much, the oldest first. A day
        before an element's newest one changes nothing of that element."""
        before = self.of(buckets)
        rows = []
        for element, bucket in buckets.items():
            known = before.get(element)
            if known is None or known.day <= day:
                days = KnownDays.first(day, bucket) if known is None else known.on(day, bucket)
                rows.append((element, days.day, days.buckets))
        with self._book.transaction() as tx:
            tx.executemany("INSERT OR REPLACE INTO door_commons VALUES (?, ?, ?)", rows)
            tx.execute("DELETE FROM door_commons WHERE day <= ?", (day - DAYS,))
            excess = self._book.rows("SELECT count(*) - ? FROM door_commons", (ROWS_MAX,))[0][0]
            if excess > 0:
                tx.execute(
                    """DELETE FROM door_commons WHERE element IN
                    (SELECT element FROM door_commons ORDER BY day, element LIMIT ?)""",
                    (excess,),
                )

    def of(self, elements: Iterable[bytes]) -> Known:
        """What is known of these; those never listed are left out."""
        return known_of(self._book.rows, elements)

    def shared(self, elements: Iterable[bytes]) -> set[bytes]:
        """Those of them that the threshold or more knew when they were listed last: what goes ahead in the next round
        (psi/commons.py)."""
        return {element for element, known in self.of(elements).items() if known.buckets[0] > 0}


@dataclass(frozen=True, slots=True)
class CommonsRead:
    """The table as another process reads it: ``rows`` asks the node's book, and has none of a table not yet there."""

    rows: Rows

    def of(self, elements: Iterable[bytes]) -> Known:
        """As CommonsTable's."""
        return known_of(self.rows, elements)


def known_of(rows: Rows, elements: Iterable[bytes]) -> Known:
    """What is known of these, also as read by another process: ``rows`` asks the node's book."""
    wanted = list(elements)
    known: Known = {}
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        places = ",".join("?" * len(some))
        sql = f"SELECT element, day, buckets FROM door_commons WHERE element IN ({places})"
        known.update({element: KnownDays(day, raw) for element, day, raw in rows(sql, tuple(some))})
    return known


def alerts_of(rows: Rows) -> list[tuple[Ordinary, KnownDays]]:
    """The kinds of alerts that were listed, with what is known of each, as read by another process."""
    tag = ORDINARY_TAGS[OrdinaryType.ALERT]
    sql = "SELECT element, day, buckets FROM door_commons WHERE element >= ? AND element < ? ORDER BY element"
    every = rows(sql, (bytes([tag]), bytes([tag + 1])))
    return [(kind, KnownDays(day, raw)) for element, day, raw in every if (kind := ordinary_of(element)) is not None]
