"""What the SIEM was told and what it refused, in the party's own book: ids and marks, never an event.

So nothing is queued twice: what waits for the SIEM lies where it lies anyway, and is made into an event when it goes.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from bavn.wire.book import Book

SCHEMA: Final = (
    """CREATE TABLE siem_told (
        stream TEXT NOT NULL, id TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (stream, id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE siem_mark (stream TEXT PRIMARY KEY, mark INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE siem_refused (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, why TEXT NOT NULL,
        at_us INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE siem_problem (
        code TEXT NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL, began_us INTEGER NOT NULL, ended_us INTEGER,
        PRIMARY KEY (code, source)
    ) STRICT, WITHOUT ROWID""",
)
REFUSED_MAX: Final = 1000
WHY_MAX: Final = 300


class Bookmark:
    """Every change joins the transaction that is open."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.part("siem", 1, SCHEMA)

    def mark(self, stream: str) -> int | None:
        """How far a stream was told; None for one that never was."""
        found = self.book.rows("SELECT mark FROM siem_mark WHERE stream = ?", (stream,))
        return int(found[0][0]) if found else None

    def set_mark(self, stream: str, mark: int) -> None:
        with self.book.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO siem_mark VALUES (?, ?)", (stream, mark))

    def begun(self, stream: str, mark: int) -> int:
        """The mark; ``mark`` where there is none yet, which is kept: what was before is never told."""
        known = self.mark(stream)
        if known is not None:
            return known
        self.set_mark(stream, mark)
        return mark

    def settled(self, stream: str) -> frozenset[str]:
        """Ids that were told and are remembered."""
        return frozenset(id_ for (id_,) in self.book.rows("SELECT id FROM siem_told WHERE stream = ?", (stream,)))

    def tell(self, stream: str, ids: Mapping[str, int]) -> None:
        """``ids``: each with its moment."""
        with self.book.transaction() as tx:
            tx.executemany(
                "INSERT OR REPLACE INTO siem_told VALUES (?, ?, ?)", [(stream, id_, at) for id_, at in ids.items()]
            )

    def forget(self, stream: str, ids: Iterable[str]) -> None:
        """These can come no more."""
        with self.book.transaction() as tx:
            tx.executemany("DELETE FROM siem_told WHERE stream = ? AND id = ?", [(stream, id_) for id_ in ids])

    def forget_before(self, stream: str, at_us: int) -> None:
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM siem_told WHERE stream = ? AND at_us < ?", (stream, at_us))

    def refuse(self, id_: str, kind: str, why: str, at_us: int) -> None:
        """The receiver never takes this one."""
        with self.book.transaction() as tx:
            tx.execute(
                "INSERT INTO siem_refused (id, kind, why, at_us) VALUES (?, ?, ?, ?)", (id_, kind, why[:WHY_MAX], at_us)
            )
            tx.execute(
                "DELETE FROM siem_refused WHERE number <= (SELECT max(number) FROM siem_refused) - ?", (REFUSED_MAX,)
            )

    def refused(self, since_us: int) -> list[tuple[str, str, str]]:
        """(id, kind, why) of what was refused since then, the latest first."""
        return [
            (str(id_), str(kind), str(why))
            for id_, kind, why in self.book.rows(
                "SELECT id, kind, why FROM siem_refused WHERE at_us >= ? ORDER BY number DESC", (since_us,)
            )
        ]
