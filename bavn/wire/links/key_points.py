"""What a node first used as the key of an epoch and tier, by purpose: later answers are compared with it.

Another point is kept beside the first, with the holders that signed it, until a person accepts it. Both go with the
epoch. A reshare changes no point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.wire.book import Book

EPOCHS_KEPT: Final = 2
_SCHEMA: Final = (
    """CREATE TABLE key_point (
        epoch INTEGER NOT NULL, tier TEXT NOT NULL, use TEXT NOT NULL, point BLOB NOT NULL, other BLOB,
        signed TEXT NOT NULL, PRIMARY KEY (epoch, tier, use)
    ) STRICT""",
)


@dataclass(frozen=True, slots=True)
class ChangedKey:
    """A key that was refused. ``signed``: the numbers of the holders that signed it; empty for the one key holder."""

    epoch: int
    tier: str
    signed: str


class KeyPoints:
    """Those in one node's book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("key_point", 1, _SCHEMA)

    def differs(self, epoch: int, tier: str, points: Mapping[str, bytes], signed: str = "") -> bool:
        """Whether one of ``points``, by use, is not the first one; if so, all are kept for a person to accept."""
        sql = "SELECT use, point, other FROM key_point WHERE epoch = ? AND tier = ?"
        rows = [row for row in self._book.rows(sql, (epoch, tier)) if row[0] in points]
        differs = any(points[use] != point for use, point, _ in rows)
        if differs or any(other is not None for *_, other in rows):
            changed = [(points[use] if differs else None, signed, epoch, tier, use) for use, *_ in rows]
            with self._book.transaction() as tx:
                tx.executemany(
                    "UPDATE key_point SET other = ?, signed = ? WHERE epoch = ? AND tier = ? AND use = ?", changed
                )
        return differs

    def keep(self, epoch: int, tier: str, points: Mapping[str, bytes]) -> None:
        """Remembers what was used, where nothing is remembered yet; forgets epochs that no round is of any more."""
        rows = [(epoch, tier, use, point) for use, point in points.items()]
        with self._book.transaction() as tx:
            tx.executemany("INSERT OR IGNORE INTO key_point VALUES (?, ?, ?, ?, NULL, '')", rows)
            tx.execute("DELETE FROM key_point WHERE epoch <= ?", (epoch - EPOCHS_KEPT,))

    def changed(self) -> Sequence[ChangedKey]:
        """Keys that are refused, the oldest first."""
        sql = "SELECT DISTINCT epoch, tier, signed FROM key_point WHERE other IS NOT NULL ORDER BY epoch, tier"
        return [ChangedKey(*row) for row in self._book.rows(sql)]

    def accept(self) -> Sequence[ChangedKey]:
        """The keys that are refused are the ones to compare with from now on."""
        with self._book.transaction() as tx:
            accepted = self.changed()
            for key in accepted:
                of = (key.epoch, key.tier)
                tx.execute("DELETE FROM key_point WHERE epoch = ? AND tier = ? AND other IS NULL", of)
                tx.execute(
                    "UPDATE key_point SET point = other, other = NULL, signed = '' WHERE epoch = ? AND tier = ?", of
                )
        return accepted
