"""What this actor was asked to name, with how many receipts, and what it answered; and what it takes back.

Kept for the actor's own eyes, in its own book, for a quarter. A withdrawal is left here by a person, from any process,
and told by the running node at its next step. Refuses to decide: the rules of the gate do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.wire.book import Book

KEPT_DAYS: Final = 90
REVEALS_MAX: Final = 100_000
WAITING_MAX: Final = 100
_SCHEMA = (
    """CREATE TABLE door_reveal (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, round_id TEXT NOT NULL, tier TEXT NOT NULL,
        type TEXT NOT NULL, value TEXT NOT NULL, receipts INTEGER NOT NULL, rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_reveal_at ON door_reveal (at_us)",
    "CREATE INDEX door_reveal_value ON door_reveal (value, type)",
    """CREATE TABLE door_withdrawal (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,
        by_whom TEXT NOT NULL, told_us INTEGER, rule TEXT NOT NULL
    ) STRICT""",
)
REVEALS_SQL: Final = (
    "SELECT number, at_us, round_id, tier, type, value, receipts, rule FROM door_reveal ORDER BY number DESC"
)
WITHDRAWALS_SQL: Final = (
    "SELECT number, at_us, type, value, by_whom, told_us, rule FROM door_withdrawal ORDER BY number DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """An element that the centre asked about. ``receipts``: how many others' it showed; whose they are nobody
    here can tell. ``rule``: what refused; empty where a report left."""

    number: int
    at_us: int
    round_id: str
    tier: str
    observable: Observable
    receipts: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a person takes back. ``told_us``: when it was dealt with; ``rule``: what refused it, if anything."""

    number: int
    at_us: int
    observable: Observable
    by: str
    told_us: int | None
    rule: str


class Reveals:
    """The reveals and withdrawals of one node; every write joins the transaction that is open."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("door_reveal", 1, _SCHEMA)

    def note(self, round_id: str, tier: str, observable: Observable, receipts: int, rule: str, now_us: int) -> None:
        """One question about one element, and its outcome."""
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO door_reveal (at_us, round_id, tier, type, value, receipts, rule)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                (now_us, round_id, tier, observable.type.value, observable.value, receipts, rule),
            )

    def of(self, observable: Observable, since_us: int) -> frozenset[str]:
        """By which rules questions about it were refused since then; empty text: a report left. Empty: not asked."""
        sql = "SELECT DISTINCT rule FROM door_reveal WHERE value = ? AND type = ? AND at_us >= ?"
        found = self._book.rows(sql, (observable.value, observable.type.value, since_us))
        return frozenset(str(rule) for (rule,) in found)

    def every(self) -> list[Revealed]:
        """The newest first."""
        return reveals_of(self._book.rows(REVEALS_SQL))

    def was_reported(self, observable: Observable) -> bool:
        """Whether a report on it has left, as far as is remembered."""
        sql = "SELECT 1 FROM door_reveal WHERE value = ? AND type = ? AND rule = '' LIMIT 1"
        return bool(self._book.rows(sql, (observable.value, observable.type.value)))

    def withdraw(self, observable: Observable, by: str, now_us: int) -> None:
        """Leaves a withdrawal for the running node."""
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT INTO door_withdrawal (at_us, type, value, by_whom, rule) VALUES (?, ?, ?, ?, '')",
                (now_us, observable.type.value, observable.value, by),
            )

    def waiting(self) -> list[Withdrawal]:
        """Withdrawals that are not dealt with yet, oldest first."""
        return withdrawals_of(
            self._book.rows(
                """SELECT number, at_us, type, value, by_whom, told_us, rule FROM door_withdrawal
                WHERE told_us IS NULL ORDER BY number LIMIT ?""",
                (WAITING_MAX,),
            )
        )

    def dealt_with(self, number: int, rule: str, now_us: int) -> None:
        """It was told, or ``rule`` refused it for good."""
        with self._book.transaction() as tx:
            tx.execute("UPDATE door_withdrawal SET told_us = ?, rule = ? WHERE number = ?", (now_us, rule, number))

    def forget(self, now_us: int) -> None:
        """Drops what is older than a quarter, and the oldest beyond the bound."""
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM door_reveal WHERE at_us < ?", (now_us - KEPT_DAYS * DAY_US,))
            tx.execute(
                "DELETE FROM door_reveal WHERE number <= (SELECT max(number) FROM door_reveal) - ?", (REVEALS_MAX,)
            )
            tx.execute("DELETE FROM door_withdrawal WHERE told_us < ?", (now_us - KEPT_DAYS * DAY_US,))


def reveals_of(rows: Sequence[tuple[Any, ...]]) -> list[Revealed]:
    """Reveals from rows of REVEALS_SQL, also as read by another process."""
    return [
        Revealed(
            number=number,
            at_us=at_us,
            round_id=round_id,
            tier=tier,
            observable=Observable.trusted(ObservableType(kind), value),
            receipts=receipts,
            rule=rule,
        )
        for number, at_us, round_id, tier, kind, value, receipts, rule in rows
    ]


def withdrawals_of(rows: Sequence[tuple[Any, ...]]) -> list[Withdrawal]:
    """Withdrawals from rows of WITHDRAWALS_SQL, also as read by another process."""
    return [
        Withdrawal(
            number=number,
            at_us=at_us,
            observable=Observable.trusted(ObservableType(kind), value),
            by=by,
            told_us=told_us,
            rule=rule,
        )
        for number, at_us, kind, value, by, told_us, rule in rows
    ]
