"""What has been taken already, so that retries, repeats and replays are recognised at either end.

A sequence number counts for one sender and one message key: a new enrolment makes a new key and starts anew. Below the
floor everything counts as seen. Refuses to know what the messages were.
"""

from typing import Final

from bavn.model.outcome import Refused
from bavn.wire.book import Book
from bavn.wire.seal import Opened

SAID_AGAIN_IS_NEWS: Final = frozenset({"Health", "Receipt", "Withdrawn"})
"""Kinds that tell a state: the same words later are a new message, so only their number shows a repeat."""

_SCHEMA = (
    """CREATE TABLE seen (
        sender TEXT NOT NULL, key_id TEXT NOT NULL, seq INTEGER NOT NULL, item_id TEXT NOT NULL,
        by_content INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (sender, key_id, seq)
    ) STRICT""",
    "CREATE UNIQUE INDEX seen_item ON seen (sender, item_id) WHERE by_content = 1",
    "CREATE INDEX seen_at ON seen (at_us)",
    """CREATE TABLE seen_floor (
        sender TEXT NOT NULL, key_id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (sender, key_id)
    ) STRICT""",
)


class Seen:
    """Keeps (sender, key, seq) and the item's id for everything taken. ``check`` and ``keep`` belong in one
    transaction of the same book."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.part("seen", 1, _SCHEMA)

    def check(self, opened: Opened) -> Refused | None:
        """None for what is new."""
        floor = self.book.rows(
            "SELECT seq FROM seen_floor WHERE sender = ? AND key_id = ?", (opened.sender, opened.key_id)
        )
        if floor and opened.seq <= floor[0][0]:
            return Refused("too_old", "its number lies below what is still remembered one by one")
        number = self.book.rows(
            "SELECT item_id FROM seen WHERE sender = ? AND key_id = ? AND seq = ?",
            (opened.sender, opened.key_id, opened.seq),
        )
        if number and number[0][0] != opened.id:
            return Refused("number_reused", "another message came under this number: an old copy of an outbox?")
        content = "SELECT 1 FROM seen WHERE sender = ? AND item_id = ? AND by_content = 1"
        if number or (_by_content(opened) and self.book.rows(content, (opened.sender, opened.id))):
            return Refused("repeated", "taken before")
        return None

    def keep(self, opened: Opened, at_us: int) -> None:
        """From now on it is seen. sqlite3.IntegrityError if it was: ``check`` first."""
        with self.book.transaction() as tx:
            tx.execute(
                "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?)",
                (opened.sender, opened.key_id, opened.seq, opened.id, _by_content(opened), at_us),
            )

    def last_seq(self, sender: str, key_id: str) -> int:
        """The highest number taken from a sender under a key; 0 for none."""
        ((last,),) = self.book.rows(
            """SELECT coalesce(max(seq), 0)
            FROM (SELECT seq FROM seen WHERE sender = ? AND key_id = ?
              UNION ALL SELECT seq FROM seen_floor WHERE sender = ? AND key_id = ?)""",
            (sender, key_id, sender, key_id),
        )
        return int(last)

    def forget(self, before_us: int) -> int:
        """Forgets the single numbers taken before a moment and raises the floor over them; returns how many rows
        went. What has a lower number and never came is refused from then on."""
        with self.book.transaction() as tx:
            tx.execute(
                """INSERT INTO seen_floor SELECT sender, key_id, max(seq) FROM seen WHERE at_us < ? GROUP BY 1, 2
                ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)""",
                (before_us,),
            )
            return tx.execute("DELETE FROM seen WHERE at_us < ?", (before_us,)).rowcount


def _by_content(opened: Opened) -> bool:
    return opened.encoded.kind not in SAID_AGAIN_IS_NEWS
