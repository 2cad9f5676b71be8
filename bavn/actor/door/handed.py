"""Suspicions that a person here handed to a colleague: who looks now, who asked and why. In the node's own book alone.

The last word counts, and it ends with the suspicion. Refuses to know who people are: a name is what they sign with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from bavn.wire.book import Book

HANDED_SQL: Final = "SELECT suspicion, to_whom, by_whom, at_us, comment FROM suspicion_handed"
_SCHEMA: Final = (
    """CREATE TABLE suspicion_handed (
        suspicion TEXT PRIMARY KEY, to_whom TEXT NOT NULL, by_whom TEXT NOT NULL, at_us INTEGER NOT NULL,
        comment TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Handed:
    """Suspicion ``suspicion`` is ``to``'s since ``at_us``; ``by`` handed it on."""

    suspicion: str
    to: str
    by: str
    at_us: int
    comment: str


def keep_handed(book: Book, handed: Handed) -> None:
    """From now on it is that colleague's. What is suspected no longer is forgotten with it."""
    book.part("suspicion_handed", 1, _SCHEMA)
    with book.transaction() as tx:
        tx.execute("DELETE FROM suspicion_handed WHERE suspicion NOT IN (SELECT id FROM suspicion)")
        tx.execute(
            "INSERT OR REPLACE INTO suspicion_handed VALUES (?, ?, ?, ?, ?)",
            (handed.suspicion, handed.to, handed.by, handed.at_us, handed.comment),
        )


def handed_of(rows: Iterable[tuple[Any, ...]]) -> dict[str, Handed]:
    """By suspicion, from rows of HANDED_SQL."""
    return {row[0]: Handed(*row) for row in rows}
