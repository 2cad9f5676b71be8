"""What is on its way: sealed envelopes per recipient, kept until the other side says it has them.

Survives kill -9 and a week without network: a row is written in the transaction of its ledger line and removed when it
is acknowledged; a digest stays. Bounded by bytes and by count; what is asked first to stay outside when it fills is
health and shares (S4, S0), since the next ones say the same. Refuses to drop anything silently: no room is a refusal
with a ledger line, and an expired share leaves a digest that says so.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import Encoded

_LOG = logging.getLogger(__name__)
_SCHEMA = (
    """CREATE TABLE outbox (
        recipient TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, privacy TEXT NOT NULL,
        item_id TEXT NOT NULL, put_us INTEGER NOT NULL, until_us INTEGER, bytes INTEGER NOT NULL, raw BLOB NOT NULL,
        PRIMARY KEY (recipient, seq)
    ) STRICT""",
    "CREATE INDEX outbox_put ON outbox (put_us)",
    "CREATE INDEX outbox_until ON outbox (until_us) WHERE until_us IS NOT NULL",
    "CREATE INDEX outbox_item ON outbox (item_id)",
    """CREATE TABLE outbox_gone (
        number INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, seq INTEGER NOT NULL, item_id TEXT NOT NULL,
        put_us INTEGER NOT NULL, gone_us INTEGER NOT NULL, how TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX outbox_gone_item ON outbox_gone (item_id)",
    """CREATE TABLE outbox_queue (
        recipient TEXT PRIMARY KEY, last_seq INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL
    ) STRICT""",
    """CREATE TRIGGER outbox_more AFTER INSERT ON outbox BEGIN
        INSERT INTO outbox_queue VALUES (new.recipient, new.seq, 1, new.bytes) ON CONFLICT DO UPDATE
        SET last_seq = new.seq, messages = messages + 1, bytes = bytes + new.bytes; END""",
    """CREATE TRIGGER outbox_less AFTER DELETE ON outbox BEGIN
        UPDATE outbox_queue SET messages = messages - 1, bytes = bytes - old.bytes
        WHERE recipient = old.recipient; END""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """Bounds for each recipient's queue. Above ``yield_share`` of a bound, what can wait (S4, S0) is refused. Digests
    of what has gone are kept up to ``gone_rows_max``."""

    messages_max: int = 200_000
    bytes_max: int = 512 * 1024 * 1024
    yield_share: float = 0.8
    gone_rows_max: int = 500_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """One envelope that is not acknowledged yet."""

    recipient: str
    seq: int
    kind: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Late:
    """One envelope that is not acknowledged yet and of no use to anybody any more."""

    seq: int
    kind: str
    privacy: str
    item_id: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """How much waits. ``oldest_us``: when the oldest waiting row was put; None if nothing waits. ``full``: a queue has
    reached a bound."""

    messages: int
    bytes: int
    oldest_us: int | None
    full: bool


RENUMBER_MAX: Final = seal.SEQ_MAX - 2**40
_CAN_WAIT: Final = frozenset({"S0", "S4"})


class Outbox:
    """One sender's queue to any number of recipients. ``on_put`` hears the recipient's name after each put; it is
    called inside the transaction and must only wake somebody."""

    def __init__(
        self,
        book: Book,
        sender: str,
        key: Ed25519PrivateKey,
        clock: Clock,
        *,
        limits: OutboxLimits | None = None,
        on_put: Callable[[str], None] | None = None,
    ) -> None:
        self.book = book
        self.sender = sender
        self._key = key
        self._clock = clock
        self._limits = limits or OutboxLimits()
        self._on_put = on_put
        self._full: set[str] = set()
        book.part("outbox", 1, _SCHEMA)

    def room(self, recipient: str, privacy: str, size_bytes: int) -> Refused | None:
        """Why a message of these privacy classes and this size may not come in now; None if it may. A gate's rule."""
        found = self.book.rows("SELECT messages, bytes FROM outbox_queue WHERE recipient = ?", (recipient,))
        messages, size = found[0] if found else (0, 0)
        share = self._limits.yield_share if set(privacy.split("+")) <= _CAN_WAIT else 1.0
        if (
            messages + 1 <= self._limits.messages_max * share
            and size + size_bytes + seal.OVERHEAD_BYTES_MAX <= self._limits.bytes_max * share
        ):
            self._full.discard(recipient)
            return None
        if recipient not in self._full:
            _LOG.error("the outbox to %s is full: %d messages, %d bytes wait", recipient, messages, size)
            self._full.add(recipient)
        return Refused("outbox_full", "{messages} messages, {bytes} bytes wait already", messages=messages, bytes=size)

    def put(self, recipient: str, encoded: Encoded, privacy: str, until_us: int | None = None) -> bytes:
        """Seals a message under the recipient's next sequence number and keeps the envelope, which is returned. Joins
        the transaction that is open. ``until_us``: from then on it is of no use to anybody (a share of a closed
        round). Ask ``room`` first: OutboxFull is a broken invariant."""
        with self.book.transaction() as tx:
            if self.room(recipient, privacy, encoded.bytes) is not None:
                raise OutboxFull("put without asking for room")
            found = tx.execute("SELECT last_seq FROM outbox_queue WHERE recipient = ?", (recipient,)).fetchone()
            seq = (found[0] if found else 0) + 1
            raw = seal.seal_encoded(self._key, self.sender, recipient, seq, encoded)
            tx.execute(
                "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (recipient, seq, encoded.kind, privacy, encoded.id, self._clock.now_us(), until_us, len(raw), raw),
            )
            if self._on_put is not None:
                self._on_put(recipient)
        return raw

    def waiting(
        self, recipient: str, after: int = 0, *, messages_max: int = 500, bytes_max: int = 16 * 1024 * 1024
    ) -> list[Waiting]:
        """Unacknowledged envelopes with seq > ``after`` that are still of use, in order, up to both bounds but at least
        one if there is one. Asking removes nothing: send them as often as needed."""
        of_use = "recipient = ? AND seq > ? AND (until_us IS NULL OR until_us > ?)"
        values = (recipient, after, self._clock.now_us())
        sizes = self.book.rows(
            f"SELECT seq, bytes FROM outbox WHERE {of_use} ORDER BY seq LIMIT ?", (*values, messages_max)
        )
        total, last = 0, 0
        for seq, size in sizes:
            total += size
            if last and total > bytes_max:
                break
            last = seq
        rows = self.book.rows(
            f"SELECT recipient, seq, kind, raw FROM outbox WHERE {of_use} AND seq <= ? ORDER BY seq", (*values, last)
        )
        return [Waiting(*row) for row in rows]

    def late(self, recipient: str) -> list[Late]:
        """What waits and is of no use any more, in order: it will not leave."""
        sql = "SELECT seq, kind, privacy, item_id, bytes FROM outbox WHERE recipient = ? AND until_us <= ? ORDER BY seq"
        return [Late(*row) for row in self.book.rows(sql, (recipient, self._clock.now_us()))]

    def acknowledge(self, recipient: str, seqs: Sequence[int]) -> None:
        """The other side has these, or refused them for good. Unknown numbers are ignored."""
        with self.book.transaction():
            for seq in seqs:
                self._remove("recipient = ? AND seq = ?", (recipient, seq), "acknowledged")

    def acknowledge_up_to(self, recipient: str, seq: int) -> None:
        """The other side has everything up to and including ``seq``."""
        with self.book.transaction():
            self._remove("recipient = ? AND seq <= ?", (recipient, seq), "acknowledged")

    def renumber(self, recipient: str, above: int) -> None:
        """The other side has heard numbers up to ``above`` that were never put here (another held the key, or a copy of
        this outbox was lost): what waits is sealed anew above it, and so is all that follows. Nothing is acknowledged
        by it. ValueError for a number above RENUMBER_MAX."""
        if above > RENUMBER_MAX:
            raise ValueError(f"nothing is numbered anew above {RENUMBER_MAX}")
        with self.book.transaction() as tx:
            tx.execute(
                "INSERT INTO outbox_queue VALUES (?, ?, 0, 0) ON CONFLICT DO UPDATE SET last_seq = excluded.last_seq",
                (recipient, above),
            )
            rows = tx.execute("SELECT seq, raw FROM outbox WHERE recipient = ? ORDER BY seq", (recipient,)).fetchall()
            for number, (seq, raw) in enumerate(rows, above + 1):
                new = seal.sealed_anew(self._key, raw, number)
                tx.execute(
                    "UPDATE outbox SET seq = ?, raw = ? WHERE recipient = ? AND seq = ?", (number, new, recipient, seq)
                )
                tx.execute("UPDATE outbox_queue SET last_seq = ? WHERE recipient = ?", (number, recipient))

    def drop(self, recipient: str) -> int:
        """Everything that waits for a recipient that is gone for good is taken back; how many that were."""
        with self.book.transaction():
            return self._remove("recipient = ?", (recipient,), "withdrawn")

    def last_seq(self, recipient: str) -> int:
        """The number of what was put last; 0 for nothing yet."""
        found = self.book.rows("SELECT last_seq FROM outbox_queue WHERE recipient = ?", (recipient,))
        return int(found[0][0]) if found else 0

    def withdraw(self, item_id: str) -> bool:
        """Takes an item back that has not been acknowledged; True if there was one. What was sent is not unsent."""
        with self.book.transaction():
            return self._remove("item_id = ?", (item_id,), "withdrawn") > 0

    def expire(self) -> int:
        """Takes out what is of no use any more (``until_us`` has passed); returns how many."""
        with self.book.transaction():
            return self._remove("until_us <= ?", (self._clock.now_us(),), "expired")

    def state(self) -> OutboxState:
        """Over all recipients."""
        messages, size, most, largest = self.book.rows(
            """SELECT coalesce(sum(messages), 0), coalesce(sum(bytes), 0), coalesce(max(messages), 0),
              coalesce(max(bytes), 0) FROM outbox_queue"""
        )[0]
        ((oldest_us,),) = self.book.rows("SELECT min(put_us) FROM outbox")
        full = bool(self._full) or most >= self._limits.messages_max or largest >= self._limits.bytes_max
        return OutboxState(messages=messages, bytes=size, oldest_us=oldest_us, full=full)

    def _remove(self, where: str, values: tuple[object, ...], how: str) -> int:
        with self.book.transaction() as tx:
            tx.execute(
                f"""INSERT INTO outbox_gone (recipient, seq, item_id, put_us, gone_us, how)
                SELECT recipient, seq, item_id, put_us, ?, ? FROM outbox WHERE {where} ORDER BY recipient, seq""",
                (self._clock.now_us(), how, *values),
            )
            gone = tx.execute(f"DELETE FROM outbox WHERE {where}", values).rowcount
            tx.execute(
                "DELETE FROM outbox_gone WHERE number <= (SELECT max(number) FROM outbox_gone) - ?",
                (self._limits.gone_rows_max,),
            )
        return gone


def go_on_above(book: sqlite3.Connection, recipients: Iterable[str], gap: int) -> None:
    """Every queue of a book that was put back counts on from so far above its last number, and so do those of
    recipients who have none in it. Joins the transaction that is open."""
    if book.execute("SELECT name FROM sqlite_master WHERE name = 'outbox_queue'").fetchone() is None:
        return
    book.execute("UPDATE outbox_queue SET last_seq = last_seq + ?", (gap,))
    asked = "INSERT INTO outbox_queue VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING"
    book.executemany(asked, [(recipient, gap) for recipient in recipients])


class OutboxFull(Exception):
    """Something was put in without a rule that asked for room. A broken invariant."""
