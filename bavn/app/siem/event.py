"""An event as the forms get it: what all of them have a field for by name, and Bavn's own facts beside it.

Refuses to know how any SIEM writes it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, Literal, get_args

from bavn.model.observable import Observable
from bavn.model.text import Language, Text

Kind = Literal["suspicion", "sighting", "block", "health", "ledger", "lead", "case", "release", "audit"]
NODE_KINDS: Final[tuple[Kind, ...]] = ("suspicion", "sighting", "block", "health", "ledger")
CENTRE_KINDS: Final[tuple[Kind, ...]] = ("lead", "case", "release", "health", "audit")
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Outcome = Literal["success", "failure", "unknown"]
Fact = str | int | float | tuple[str, ...]

FACTS: Final[Mapping[str, str]] = {
    "actors": "actors behind a lead, or the actor that an alarm is about",
    "bytes": "size of what met the gate",
    "case": "the case",
    "classes": "privacy classes of what crossed",
    "evidence_nats": "what a suspicion is worth, in nats",
    "gate": "the gate, 1 to 4",
    "hosts": "how many of the own hosts share the peer",
    "item": "SHA-256 of what met the gate",
    "lead": "the lead",
    "line": "number of the line in the ledger or the audit log",
    "line_hash": "hash of that line, by which it is found again",
    "message_kind": "kind of the message that met the gate",
    "p": "p-value of a suspicion",
    "party": "whom it came from or goes to",
    "problem": "code of what is wrong",
    "score": "score of a lead, in nats",
    "source": "which source, file or party a problem is about",
    "subject": "what somebody's act was on",
    "until": "when a block or an indicator ends",
    "way": "in or out",
}
"""Bavn's own facts, each with its sentence: fields of ``bavn`` in ECS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiemEvent:
    """``id`` is the same however often it is handed over. ``severity`` 0 (a line in a book) to 10. ``observables``: of
    the other side, the most telling first. ``host``: an own machine; ``who``: a person."""

    id: str
    at_us: int
    kind: Kind
    action: str
    severity: int
    message: Text
    outcome: Outcome = "unknown"
    observables: tuple[Observable, ...] = ()
    host: str = ""
    who: str = ""
    technique: str = ""
    detector: str = ""
    indicator: str = ""
    rule: str = ""
    reason: Text | None = None
    count: int = 0
    first_us: int = 0
    last_us: int = 0
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def host_address(self) -> str:
        """The own machine where it is named by its address; else empty."""
        try:
            return str(ip_address(self.host))
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells: the actor's or the sector's name, node or centre, version, and the language of its sentences."""

    name: str
    role: Literal["node", "centre"]
    version: str
    language: Language


def event_id(*parts: str | int) -> str:
    """The id of an event, from what makes it the one that it is."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
