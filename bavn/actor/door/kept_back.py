"""What the centre said and nobody here could hear: kept in its own envelope until a person opens the gate for its kind.

The mark of what was heard moves on, so that all that follow are heard; bounded. Refuses to know what a message means.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from bavn.actor.door.rounds import labels
from bavn.actor.door.rounds.labels import CENTRE
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.wire.book import is_environment
from bavn.wire.gate import GateBroken
from bavn.wire.ledger import Ledger
from bavn.wire.seal import Opened
from bavn.wire.shut import SET_ASIDE, ShutGate, ShutGates, part_of

GATE: Final = "asked"
HEARING: Final = "hearing"
KEPT_MAX: Final = 1000
BYTES_MAX: Final = 16_000_000
_SCHEMA = ("CREATE TABLE door_kept_back (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, raw BLOB NOT NULL) STRICT",)


class KeptBack:
    """Joins the transaction that is open."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock, self._book = ledger, clock, ledger.book
        self._shut = ShutGates(ledger.book)
        self._book.part("door_kept_back", 1, _SCHEMA)

    def contained(self, opened: Opened, raw: bytes, hear: Callable[[], None]) -> None:
        """Hears a message that is well-formed. One over which hearing fails in a way that nobody foresaw is set aside,
        and kept like all of its kind until a person opens the gate. Raises GateBroken, and what the machine does."""
        kind = opened.encoded.kind
        shut = self._shut.why(GATE, kind, CENTRE)
        if shut is not None:
            self._ledger.append(self._clock.now_us(), GATE, "in", labels.received_note(opened.encoded), shut)
            self._keep(kind, raw)
            return
        try:
            with self._book.attempt():
                hear()
        except Exception as error:
            if is_environment(error) or isinstance(error, GateBroken):
                raise
            self._set_aside(opened, raw, error)
        if self._shut.why(GATE, kind, CENTRE) is not None:
            self._keep(kind, raw)

    def again(self, opened: Callable[[bytes], Opened | Refused], hear: Callable[[Opened], None]) -> None:
        """Hears what was kept back and may be heard now, in order, each in a transaction of its own."""
        rows = self._book.rows("SELECT number, kind, raw FROM door_kept_back ORDER BY number")
        shut = self._shut.kinds(GATE, CENTRE) if rows else frozenset()
        for number, kind, raw in rows:
            if kind in shut:
                continue
            with self._book.transaction() as tx:
                tx.execute("DELETE FROM door_kept_back WHERE number = ?", (number,))
                read = opened(raw)
                if isinstance(read, Opened):
                    self.contained(read, raw, partial(hear, read))

    def forget(self) -> int:
        """Drops all of it: who said it is the centre no more. How many envelopes that were."""
        with self._book.transaction() as tx:
            return tx.execute("DELETE FROM door_kept_back").rowcount

    def _set_aside(self, opened: Opened, raw: bytes, error: Exception) -> None:
        self._book.failures.note(part_of(GATE, HEARING), error, item=raw)
        note, now_us = labels.received_note(opened.encoded), self._clock.now_us()
        refused = Refused(SET_ASIDE, "hearing it failed; a person looks into it")
        self._ledger.append(now_us, GATE, "in", note, refused)
        self._shut.shut(
            ShutGate(
                gate=GATE,
                kind=opened.encoded.kind,
                peer=CENTRE,
                since_us=now_us,
                rule=HEARING,
                error=type(error).__name__,
                item_id=opened.id,
            )
        )

    def _keep(self, kind: str, raw: bytes) -> None:
        with self._book.transaction() as tx:
            count, size = tx.execute("SELECT count(*), coalesce(sum(length(raw)), 0) FROM door_kept_back").fetchone()
            if count < KEPT_MAX and size + len(raw) <= BYTES_MAX:
                tx.execute("INSERT INTO door_kept_back (kind, raw) VALUES (?, ?)", (kind, raw))
