"""What sources said, as the book remembers it: each item's last word, and claims that wait to be worked off.

One transaction with the ledger's line. Refuses to judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bavn.model.sector.intel import Claim, claim_of
from bavn.wire.book import Book

DAYS_COUNTED: Final = 3
_SCHEMA = (
    """CREATE TABLE intel_item (
        source TEXT NOT NULL, key TEXT NOT NULL, scope TEXT NOT NULL, digest TEXT NOT NULL, claim TEXT,
        rule TEXT NOT NULL DEFAULT '', PRIMARY KEY (source, key)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE intel_inbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, key TEXT NOT NULL, scope TEXT NOT NULL,
        claim TEXT NOT NULL, received_us INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE intel_usage (
        party TEXT NOT NULL, day INTEGER NOT NULL, items INTEGER NOT NULL, PRIMARY KEY (party, day)
    ) STRICT""",
)


@dataclass(frozen=True, slots=True)
class TakenClaim:
    """A claim that passed the gate and is not worked off. ``key``: its item's name within the source, 64 hex digits."""

    number: int
    source: str
    key: str
    scope: str
    claim: Claim
    received_us: int


class IntelBook:
    """The tables; all methods may be called from any thread, and join a transaction that is open."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("intel", 1, _SCHEMA)

    def items(self, source: str) -> dict[str, dict[str, str]]:
        """scope -> key -> digest of all that is remembered of a source."""
        items: dict[str, dict[str, str]] = {}
        for scope, key, digest in self._book.rows(
            "SELECT scope, key, digest FROM intel_item WHERE source = ?", (source,)
        ):
            items.setdefault(scope, {})[key] = digest
        return items

    def claim(self, source: str, key: str) -> Claim | None:
        """The last claim of an item; None where it was never taken."""
        rows = self._book.rows("SELECT claim FROM intel_item WHERE source = ? AND key = ?", (source, key))
        return claim_of(rows[0][0]) if rows and rows[0][0] is not None else None

    def refused_alone(self, source: str) -> dict[str, int]:
        """rule -> how many items of a source it refused; empty where an item of it was taken."""
        sql = """SELECT rule, count(*) FROM intel_item WHERE source = ?1 AND NOT EXISTS
            (SELECT 1 FROM intel_item WHERE source = ?1 AND claim IS NOT NULL) GROUP BY rule"""
        return {rule: int(count) for rule, count in self._book.rows(sql, (source,))}

    def remember(self, source: str, key: str, scope: str, digest: str, claim: str | None, rule: str = "") -> None:
        """The item's last word; ``claim`` None: ``rule`` refused it."""
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO intel_item VALUES (?, ?, ?, ?, ?, ?)", (source, key, scope, digest, claim, rule)
            )

    def drop(self, source: str, key: str) -> None:
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM intel_item WHERE source = ? AND key = ?", (source, key))

    def put(self, source: str, key: str, scope: str, claim: str, now_us: int) -> None:
        """A claim to be worked off."""
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT INTO intel_inbox (source, key, scope, claim, received_us) VALUES (?, ?, ?, ?, ?)",
                (source, key, scope, claim, now_us),
            )

    def used(self, party: str, day: int) -> int:
        rows = self._book.rows("SELECT items FROM intel_usage WHERE party = ? AND day = ?", (party, day))
        return int(rows[0][0]) if rows else 0

    def use(self, party: str, day: int) -> None:
        """Count one item of a party's day."""
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT INTO intel_usage VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET items = items + 1", (party, day)
            )
            tx.execute("DELETE FROM intel_usage WHERE day < ?", (day - DAYS_COUNTED,))

    def open(self, items_max: int) -> list[TakenClaim]:
        rows = self._book.rows(
            "SELECT number, source, key, scope, claim, received_us FROM intel_inbox ORDER BY number LIMIT ?",
            (items_max,),
        )
        return [TakenClaim(n, source, key, scope, claim_of(text), us) for n, source, key, scope, text, us in rows]

    def close(self, numbers: Sequence[int]) -> None:
        with self._book.transaction() as tx:
            tx.executemany("DELETE FROM intel_inbox WHERE number = ?", [(number,) for number in numbers])

    def forget(self, source: str) -> None:
        with self._book.transaction() as tx:
            tx.execute("DELETE FROM intel_item WHERE source = ?", (source,))
