"""An asset: an own host as its traffic shows it. It stays at home; like a suspicion it has no codec on purpose.

Each hint has its evidence and a sentence; what several hints say together is worth more than each, never 1.
"""

from dataclasses import dataclass
from typing import Final, Literal

from bavn.model.text import Text

Kind = Literal["role", "os", "vendor"]
CONFIDENCE_MAX: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a hint rests on: rows of ``table`` where ``field`` is ``value``, so many of them, from when to when."""

    table: str
    field: str
    value: str
    rows: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One conclusion of one rule about a host. ``confidence`` in (0, 1)."""

    kind: Kind
    value: str
    confidence: float
    rule: str
    reason: Text
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a host offers. ``software`` as it says itself; ``clients``: different addresses that were answered."""

    port: int
    proto: str
    app: str | None
    software: str | None
    clients: int
    flows: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """``names`` and ``macs`` as the network told them. ``peers``: addresses it called. ``services`` the most used
    first, ``services_more`` of them left out. ``new``: first seen lately; None where history is too short to say."""

    address: str
    names: tuple[str, ...]
    macs: tuple[str, ...]
    hints: tuple[Hint, ...]
    services: tuple[Service, ...]
    services_more: int
    peers: int
    peers_outside: int
    first_us: int
    last_us: int
    new: bool | None

    def best(self, kind: Kind) -> tuple[tuple[str, float], ...]:
        """Values of a kind with what their hints come to together, the surest first."""
        doubt: dict[str, float] = {}
        for hint in self.hints:
            if hint.kind == kind:
                doubt[hint.value] = doubt.get(hint.value, 1.0) * (1.0 - hint.confidence)
        found = {value: min(CONFIDENCE_MAX, round(1.0 - left, 2)) for value, left in doubt.items()}
        return tuple(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))
