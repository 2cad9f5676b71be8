"""Items of the inbox that could not be worked off: tried again, then set aside, kept and listed, so that they hold up
no other. A person lets them be tried again or drops them.

Refuses to know why: that is in Failures.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock
from bavn.wire.archive import ArchiveBroken
from bavn.wire.book import Book, BookForeign, Doomed
from bavn.wire.gate import GateBroken

TRIES_MAX: Final = 3
WAITS_US: Final = (10 * SECOND_US, 60 * SECOND_US)
"""After the first and the second failure: what is broken for a moment is not the item's fault."""
_SCHEMA: Final = (
    """CREATE TABLE inbox_aside (
        number INTEGER PRIMARY KEY, tries INTEGER NOT NULL, next_us INTEGER NOT NULL, aside_us INTEGER,
        error TEXT NOT NULL
    ) STRICT""",
)


@dataclass(frozen=True, slots=True)
class AsideItem:
    """An accepted message that is not worked off any more by itself. ``error`` of the last try."""

    number: int
    actor: str
    kind: str
    received_us: int
    aside_us: int
    error: str


class SetAside:
    """All methods may be called from any thread, and from several processes on the same book. Over the inbox's rows."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock
        book.part("inbox_aside", 1, _SCHEMA)

    def waiting(self, items_max: int) -> list[tuple[int, str]]:
        """(number, kind) of accepted items that are to be worked off now, the oldest first."""
        sql = """SELECT number, kind FROM inbox
            WHERE done_us IS NULL
              AND number NOT IN (SELECT number FROM inbox_aside WHERE aside_us IS NOT NULL OR next_us > ?)
            ORDER BY number LIMIT ?"""
        return [(number, kind) for number, kind in self._book.rows(sql, (self._clock.now_us(), items_max))]

    def body(self, number: int) -> bytes:
        """What was sent, for a report of the fault."""
        found = self._book.rows("SELECT body FROM inbox WHERE number = ?", (number,))
        return bytes(found[0][0] or b"") if found else b""

    def failed(self, number: int, error: Exception) -> bool:
        """It could not be worked off; whether it is set aside now."""
        now_us = self._clock.now_us()
        error_name = type(error).__name__
        with self._book.transaction() as tx:
            known = self._book.rows("SELECT tries FROM inbox_aside WHERE number = ?", (number,))
            tries = (known[0][0] if known else 0) + 1
            aside_us = now_us if tries >= TRIES_MAX else None
            next_us = now_us + WAITS_US[min(tries, len(WAITS_US)) - 1]
            tx.execute(
                "INSERT OR REPLACE INTO inbox_aside VALUES (?, ?, ?, ?, ?)",
                (number, tries, next_us, aside_us, error_name),
            )
        return aside_us is not None

    def worked(self, number: int) -> None:
        """It was worked off after all."""
        if self._book.rows("SELECT 1 FROM inbox_aside WHERE number = ?", (number,)):
            with self._book.transaction() as tx:
                tx.execute("DELETE FROM inbox_aside WHERE number = ?", (number,))

    def every(self) -> list[AsideItem]:
        """What is set aside, the oldest first."""
        sql = """SELECT i.number, i.actor, i.kind, i.received_us, a.aside_us, a.error
            FROM inbox_aside a JOIN inbox i ON i.number = a.number
            WHERE a.aside_us IS NOT NULL AND i.done_us IS NULL ORDER BY i.number"""
        return [AsideItem(*row) for row in self._book.rows(sql)]

    def retry(self, number: int) -> bool:
        """Let it be tried again at the next step; False where it is not set aside."""
        return self._let_go(number, None)

    def drop(self, number: int) -> bool:
        """It will not be worked off: its content goes. False where it is not set aside."""
        return self._let_go(number, self._clock.now_us())

    def _let_go(self, number: int, done_us: int | None) -> bool:
        with self._book.transaction() as tx:
            there = any(item.number == number for item in self.every())
            if there:
                tx.execute("DELETE FROM inbox_aside WHERE number = ?", (number,))
            if there and done_us is not None:
                tx.execute(
                    "UPDATE inbox SET done_us = ?, body = NULL, attachment = NULL WHERE number = ?", (done_us, number)
                )
        return there


def is_book_broken(error: BaseException) -> bool:
    """Whether the ledger or the book itself does not hold: nothing may go on then."""
    return isinstance(error, ArchiveBroken | BookForeign | Doomed | GateBroken) or type(error) is sqlite3.DatabaseError
