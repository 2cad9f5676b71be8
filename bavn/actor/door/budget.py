"""What has been spent of the privacy budget: a book that is only ever added to, each line chained to the one before.

A day is told once. The sum over the last 30 days bounds what can be learned by adding days up. The book is checked
against itself and against the node's ledger before each spending: one that was shortened, changed or filled from
elsewhere spends nothing more. Refuses to draw noise.
"""

import hashlib
from typing import Final

from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.wire import gaps
from bavn.wire.ledger import GENESIS, Ledger, Line

PERIOD_DAYS: Final = 30
KIND: Final = "Counts"
_SCHEMA = (
    """CREATE TABLE door_budget (
        number INTEGER PRIMARY KEY, day INTEGER NOT NULL UNIQUE, epsilon_milli INTEGER NOT NULL, item_id TEXT NOT NULL,
        prev TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT""",
    *(
        f"""CREATE TRIGGER door_budget_no_{act.lower()} BEFORE {act} ON door_budget
        BEGIN SELECT RAISE(ABORT, 'what is spent stays spent'); END"""
        for act in ("UPDATE", "DELETE")
    ),
)
BUDGET_SQL: Final = "SELECT number, day, epsilon_milli, item_id, prev, hash FROM door_budget ORDER BY number"
BROKEN: Final = Refused("counts_budget", "the budget's book is not what was written: nothing more is told of counts")


class Budget:
    """The budget of one node. Every write joins the transaction that is open."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        ledger.book.part("door_budget", 1, _SCHEMA)

    def spent_milli(self, day: int) -> int:
        """Thousandths of epsilon spent on days within 30 days of ``day``, on either side."""
        rows = self._ledger.book.rows(BUDGET_SQL)
        return sum(milli for _, told, milli, *_ in rows if abs(told - day) < PERIOD_DAYS)

    def is_spent(self, day: int) -> bool:
        """Whether it was told, or may have been before the book was restored."""
        told = self._ledger.book.rows("SELECT 1 FROM door_budget WHERE day = ?", (day,))
        return bool(told) or self._is_unknown(day)

    def _is_unknown(self, day: int) -> bool:
        """Days are told in their order: any between the last that the book knows of and the restore may have been."""
        told = [row[1] for row in self._ledger.book.rows(BUDGET_SQL)]
        restored = [at_us // DAY_US for at_us in gaps.every_us(self._ledger.book)]
        return any(max((each for each in told if each < at), default=0) < day < at for at in restored)

    def refuses(self, day: int, epsilon_milli: int, budget_milli: int) -> Refused | None:
        """Why a day may not be told for so much; None if it may."""
        if not self.holds():
            return BROKEN
        unknown = sum(self._is_unknown(each) for each in range(day - PERIOD_DAYS + 1, day))
        left = budget_milli - self.spent_milli(day) - unknown * epsilon_milli
        if epsilon_milli > left:
            return Refused("counts_budget", "{left}/1000 of the 30 days' epsilon are left", left=max(0, left))
        return None

    def holds(self) -> bool:
        """Whether the chain holds and each line is a message that left, and each that left a line."""
        prev, items = GENESIS, []
        for expected, (number, day, milli, item_id, before, mark) in enumerate(self._ledger.book.rows(BUDGET_SQL), 1):
            if (number, before, mark) != (expected, prev, _mark(number, day, milli, item_id, prev)):
                return False
            prev = mark
            items.append(item_id)
        return items == [line.item_id for line in self._passed()]

    def spend(self, day: int, epsilon_milli: int, item_id: str) -> None:
        """In the transaction in which the message goes into the outbox. sqlite3.IntegrityError for a day once more."""
        with self._ledger.book.transaction() as tx:
            found = tx.execute("SELECT number, hash FROM door_budget ORDER BY number DESC LIMIT 1").fetchone()
            number, prev = (found[0] + 1, found[1]) if found else (1, GENESIS)
            mark = _mark(number, day, epsilon_milli, item_id, prev)
            tx.execute(
                "INSERT INTO door_budget VALUES (?, ?, ?, ?, ?, ?)", (number, day, epsilon_milli, item_id, prev, mark)
            )

    def _passed(self) -> list[Line]:
        lines: list[Line] = []
        after = 0
        while piece := self._ledger.lines(after, kind=KIND, verdict="passed", gate="door"):
            lines += piece
            after = piece[-1].seq
        return lines


def _mark(number: int, day: int, milli: int, item_id: str, prev: str) -> str:
    text = f"bavn/budget/1\0{number}\0{day}\0{milli}\0{item_id}\0{prev}"
    return hashlib.sha256(text.encode()).hexdigest()
