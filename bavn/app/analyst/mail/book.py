"""What was mailed to whom, in the node's own book: each thing once to each address, also over a restart.

Nothing waits here: what is owed is asked anew each time, so that a mail server that is away for a week makes no queue.
Refuses to keep a mail's text.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from bavn.app.node.book_queries import Asks
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.wire.book import Book

SCHEMA: Final = (
    """CREATE TABLE mail_thing (
        id TEXT NOT NULL, recipient TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (id, recipient)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mail_sent (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, recipient TEXT NOT NULL,
        urgent INTEGER NOT NULL, things INTEGER NOT NULL, subject TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE mail_waits (
        recipient TEXT PRIMARY KEY, since_us INTEGER NOT NULL, try_us INTEGER NOT NULL, tries INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)
AGAIN_US_MAX: Final = 15 * MINUTE_US
"""An address that cannot be reached is tried again that often at least: a hit must not wait for half a day."""
KEPT_US: Final = 30 * DAY_US
"""So long it is remembered that something was mailed which is not owed any more."""
SENT_MAX: Final = 1000
REASON_CHARS_MAX: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """One mail that the server took. ``things``: how many it told of."""

    at_us: int
    recipient: str
    things: int
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """An address that no mail reaches now, why, and since when."""

    recipient: str
    since_us: int
    try_us: int
    tries: int
    reason: str

    def waits(self, now_us: int) -> bool:
        """Whether it is too soon to try again. A clock that was set back is not waited for."""
        return now_us < self.try_us <= now_us + AGAIN_US_MAX


def mailed(rows: Asks, recipient: str) -> frozenset[str]:
    """Ids of what this address was told."""
    return frozenset(id_ for (id_,) in rows("SELECT id FROM mail_thing WHERE recipient = ?", (recipient,)))


def sent(rows: Asks, limit: int) -> list[SentMail]:
    """The latest first."""
    query = "SELECT at_us, recipient, things, subject FROM mail_sent ORDER BY number DESC LIMIT ?"
    return [
        SentMail(at_us=at_us, recipient=recipient, things=things, subject=subject)
        for at_us, recipient, things, subject in rows(query, (limit,))
    ]


def unreached(rows: Asks) -> list[Unreached]:
    """All of them, in the order of their addresses."""
    query = "SELECT recipient, since_us, try_us, tries, reason FROM mail_waits ORDER BY recipient"
    return [
        Unreached(recipient=recipient, since_us=since_us, try_us=try_us, tries=tries, reason=reason)
        for recipient, since_us, try_us, tries, reason in rows(query)
    ]


class MailBook:
    """From one thread, on a connection of its own."""

    def __init__(self, book: Book) -> None:
        book.part("mail", 1, SCHEMA)
        self._book = book
        self.rows: Asks = book.rows

    def within_the_hour(self, recipient: str, now_us: int, *, urgent: bool) -> int:
        """Mails that went to it in the last hour. What a clock that was set back since had in the future is not waited
        for."""
        query = "SELECT count(*) FROM mail_sent WHERE recipient = ? AND urgent = ? AND at_us > ? AND at_us <= ?"
        return int(self.rows(query, (recipient, int(urgent), now_us - HOUR_US, now_us))[0][0])

    def went(self, recipient: str, ids: Collection[str], subject: str, now_us: int, *, urgent: bool) -> None:
        """One mail told of all these, and the address is reached."""
        with self._book.transaction() as tx:
            tx.executemany(
                "INSERT OR REPLACE INTO mail_thing VALUES (?, ?, ?)", [(id_, recipient, now_us) for id_ in ids]
            )
            tx.execute(
                "INSERT INTO mail_sent (at_us, recipient, urgent, things, subject) VALUES (?, ?, ?, ?, ?)",
                (now_us, recipient, int(urgent), len(ids), subject),
            )
            tx.execute("DELETE FROM mail_sent WHERE number <= (SELECT max(number) FROM mail_sent) - ?", (SENT_MAX,))
            tx.execute("DELETE FROM mail_waits WHERE recipient = ?", (recipient,))

    def failed(self, recipient: str, reason: str, now_us: int) -> None:
        """It is tried again, later each time, up to AGAIN_US_MAX."""
        before = {waits.recipient: waits for waits in unreached(self.rows)}.get(recipient)
        tries = before.tries if before else 0
        since_us = before.since_us if before else now_us
        try_us = now_us + min(AGAIN_US_MAX, MINUTE_US << min(tries, 8))
        with self._book.transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO mail_waits VALUES (?, ?, ?, ?, ?)",
                (recipient, since_us, try_us, tries + 1, reason[:REASON_CHARS_MAX]),
            )

    def forget(self, owed: Iterable[str], recipients: Collection[str], now_us: int) -> None:
        """What was mailed long ago and is owed no more, and addresses that nobody is mailed at any more."""
        given = (now_us - KEPT_US, json.dumps(sorted(owed)))
        old = "at_us < ? AND id NOT IN (SELECT value FROM json_each(?))"
        gone = [(waits.recipient,) for waits in unreached(self.rows) if waits.recipient not in recipients]
        if not gone and not self.rows(f"SELECT 1 FROM mail_thing WHERE {old} LIMIT 1", given):
            return
        with self._book.transaction() as tx:
            tx.execute(f"DELETE FROM mail_thing WHERE {old}", given)
            tx.executemany("DELETE FROM mail_waits WHERE recipient = ?", gone)
