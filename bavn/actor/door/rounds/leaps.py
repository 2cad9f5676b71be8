"""Numbers that only the centre counts, believed no further than one bad minute may cost (decision 25).

A number that leaps is believed seldom and only so far; a registry version raises the floor only when it is still used a
day later. So whoever held the centre's key for a minute makes no node deaf to what is said afterwards.
"""

from typing import Final

from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.outcome import Refused
from bavn.wire.book import Book

NEAR_MAX: Final = 100_000
"""So far ahead a sequence number may lie at any time: what expired at the centre leaves holes."""
FAR_MAX: Final = 2**33
"""So far ahead, once in FAR_EVERY_US: a centre that was restored begins 2**32 higher."""
FAR_EVERY_US: Final = HOUR_US
REGISTRY_SETTLED_US: Final = DAY_US
REGISTRIES_MAX: Final = 200
_SCHEMA = (
    """CREATE TABLE door_heard (
        sender TEXT PRIMARY KEY, seq INTEGER NOT NULL DEFAULT 0, leapt_us INTEGER
    ) STRICT""",
    """CREATE TABLE door_registry_seen (
        version INTEGER PRIMARY KEY, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL
    ) STRICT""",
)


class Leaps:
    """Joins the transaction that is open."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("door_heard", 1, _SCHEMA)

    def check(self, sender: str, seen_seq: int, seq: int, now_us: int) -> Refused | None:
        """Why a sequence number lies too far ahead of what was heard last; None where it may."""
        if seq <= seen_seq + NEAR_MAX:
            return None
        since = self._book.rows("SELECT leapt_us FROM door_heard WHERE sender = ? AND leapt_us IS NOT NULL", (sender,))
        rare = not since or now_us - since[0][0] >= FAR_EVERY_US
        if seq <= seen_seq + FAR_MAX and rare:
            return None
        return Refused("seq_leap", "its number leaps too far, or too soon after another leap")

    def took(self, sender: str, heard: int, seq: int, now_us: int) -> None:
        """A number that ``check`` let through is heard."""
        if seq > heard + NEAR_MAX:
            with self._book.transaction() as tx:
                tx.execute(
                    """INSERT INTO door_heard (sender, leapt_us) VALUES (?, ?)
                    ON CONFLICT DO UPDATE SET leapt_us = excluded.leapt_us""",
                    (sender, now_us),
                )

    def registry_floor(self) -> int:
        """The newest registry version that was still used a day after it came; 0 for none. Older ones are refused."""
        asked = "SELECT coalesce(max(version), 0) FROM door_registry_seen WHERE last_us - first_us >= ?"
        return int(self._book.rows(asked, (REGISTRY_SETTLED_US,))[0][0])

    def registry_seen(self, version: int, now_us: int) -> list[int]:
        """A round uses it now; which versions may be forgotten."""
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT INTO door_registry_seen VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last_us = excluded.last_us",
                (version, now_us, now_us),
            )
            old = tx.execute(
                """SELECT version FROM door_registry_seen WHERE version <> ?
                ORDER BY last_us DESC, version DESC LIMIT -1 OFFSET ?""",
                (version, REGISTRIES_MAX - 1),
            ).fetchall()
            tx.executemany("DELETE FROM door_registry_seen WHERE version = ?", old)
        return [row[0] for row in old]

    def forget(self) -> None:
        """All of it: the centre was replaced."""
        with self._book.transaction() as tx:
            tx.execute("UPDATE door_heard SET leapt_us = NULL")
            tx.execute("DELETE FROM door_registry_seen")
