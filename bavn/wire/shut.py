"""Which gates are shut, for which kind of message from whom; kept in the gate's own book until a person opens them.

A gate is shut for one kind of one sender: what somebody sends can shut nothing for anybody else (decision 22). Refuses
to decide what is shut: gate.py does.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from bavn.model.outcome import Refused
from bavn.wire.book import Book
from bavn.wire.ledger import Asks, Ledger, Note

SET_ASIDE: Final = "set_aside"
GATE_SHUT: Final = "gate_shut"
WAITS: Final = frozenset({SET_ASIDE, GATE_SHUT})
"""Refusals that end when a person opens the gate: whoever offers the item keeps it."""
OPENED: Final = "GateOpened"
SHUT_MAX: Final = 10_000
"""So many kinds and senders at most: beyond them an item is set aside and nothing is shut."""

_SCHEMA = (
    """CREATE TABLE gate_shut (
        gate TEXT NOT NULL, kind TEXT NOT NULL, peer TEXT NOT NULL, since_us INTEGER NOT NULL, rule TEXT NOT NULL,
        error TEXT NOT NULL, item_id TEXT NOT NULL, PRIMARY KEY (gate, kind, peer)
    ) STRICT""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutGate:
    """A gate that lets no message of ``kind`` from (or to) ``peer`` through since ``rule`` failed over ``item_id``."""

    gate: str
    kind: str
    peer: str
    since_us: int
    rule: str
    error: str
    item_id: str

    @property
    def part(self) -> str:
        """How ``Failures`` knows it."""
        return part_of(self.gate, self.rule)


def part_of(gate: str, rule: str) -> str:
    """How ``Failures`` knows a rule: by our own names, so that no stranger makes parts."""
    return f"gate {gate} rule {rule}"


class ShutGates:
    """Those of one book. May be called from any thread."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("gate_shut", 1, _SCHEMA)

    def any(self, gate: str) -> bool:
        """True while a gate of this name is shut for something."""
        return bool(self._book.rows("SELECT 1 FROM gate_shut WHERE gate = ? LIMIT 1", (gate,)))

    def why(self, gate: str, kind: str, peer: str) -> Refused | None:
        """Why nothing of this kind from this peer passes now; None where it may."""
        asked = "SELECT rule FROM gate_shut WHERE gate = ? AND kind = ? AND peer = ?"
        rows = self._book.rows(asked, (gate, kind, peer))
        if not rows:
            return None
        return Refused(
            GATE_SHUT, "shut for {kind} since the rule {rule} failed; a person opens it", kind=kind, rule=rows[0][0]
        )

    def kinds(self, gate: str, peer: str) -> frozenset[str]:
        """The kinds of a peer for which a gate is shut."""
        rows = self._book.rows("SELECT kind FROM gate_shut WHERE gate = ? AND peer = ?", (gate, peer))
        return frozenset(row[0] for row in rows)

    def shut(self, shut: ShutGate) -> None:
        """From now on. Harmless when repeated; joins the open transaction."""
        with self._book.transaction() as tx:
            if tx.execute("SELECT count(*) FROM gate_shut").fetchone()[0] < SHUT_MAX:
                tx.execute("INSERT OR IGNORE INTO gate_shut VALUES (?, ?, ?, ?, ?, ?, ?)", tuple(asdict(shut).values()))


def shut_gates(asks: Asks) -> list[ShutGate]:
    """All that are shut, also seen from another process."""
    try:
        rows = asks.rows("SELECT gate, kind, peer, since_us, rule, error, item_id FROM gate_shut ORDER BY since_us")
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return []  # no gate of this book was ever made
    return [
        ShutGate(gate=gate, kind=kind, peer=peer, since_us=since_us, rule=rule, error=error, item_id=item_id)
        for gate, kind, peer, since_us, rule, error, item_id in rows
    ]


def open_gate(ledger: Ledger, at_us: int, gate: str, kind: str, by: str, peer: str | None = None) -> list[ShutGate]:
    """Opens a gate for a kind, of everybody or of one peer, each with its ledger line; which were shut."""
    return _open(ledger, at_us, by, lambda shut: (shut.gate, shut.kind) == (gate, kind) and peer in (None, shut.peer))


def open_gates_of(ledger: Ledger, at_us: int, peer: str, by: str) -> list[ShutGate]:
    """Opens all that is shut for a peer which is another one now, each with its ledger line; which were shut."""
    return _open(ledger, at_us, by, lambda shut: shut.peer == peer)


def _open(ledger: Ledger, at_us: int, by: str, chosen: Callable[[ShutGate], bool]) -> list[ShutGate]:
    with ledger.book.transaction() as tx:
        opened = [shut for shut in shut_gates(ledger.book) if chosen(shut)]
        for shut in opened:
            said = json.dumps(asdict(shut) | {"by": by}, sort_keys=True)
            item_id = hashlib.sha256(f"{OPENED}\0{at_us}\0{said}".encode()).hexdigest()
            ledger.append(at_us, shut.gate, "in", Note(kind=OPENED, item_id=item_id, peer=by, summary=said))
            which = (shut.gate, shut.kind, shut.peer)
            tx.execute("DELETE FROM gate_shut WHERE gate = ? AND kind = ? AND peer = ?", which)
    return opened
