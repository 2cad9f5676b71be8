"""Indicator, block, sighting: what was confirmed, where it is enforced, and where it was met.

An indicator travels as STIX 2.1; this is what a node needs of it. A block always has an end.
"""

import uuid
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Literal

from bavn.model.observable import Observable

_INDICATOR_SPACE: Final = uuid.UUID("0f7a4c4e-6f0b-5f0e-8a53-3a5b8f2d9c11")


def indicator_id(observable: Observable) -> str:
    """The one id of an observable's indicator in this sector: a later release is a later version of it."""
    return f"indicator--{uuid.uuid5(_INDICATOR_SPACE, str(observable))}"


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0 (FIRST)."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"


class Pap(IntEnum):
    """Permissible Actions Protocol; higher is more permissive. A block in one's own network needs GREEN or CLEAR
    (it can be noticed by the adversary); AMBER allows passive use: look in own logs, nothing that can be seen."""

    RED = 0
    AMBER = 1
    GREEN = 2
    CLEAR = 3


PapName = Literal["RED", "AMBER", "GREEN", "CLEAR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """``id`` is the STIX id (``indicator--`` UUID); ``version`` counts up with each change (STIX ``modified`` in us).
    ``confidence`` 0..100. Valid in [valid_from_us, valid_until_us)."""

    id: str
    version: int
    observable: Observable
    tlp: Tlp
    pap: Pap
    confidence: int
    valid_from_us: int
    valid_until_us: int
    case_id: str
    technique: str
    revoked: bool = False


def released_content(indicator: Indicator) -> dict[str, str | int]:
    """What the entry of a release in the centre's log is sealed over: what every recipient can read in it."""
    return {
        "id": indicator.id,
        "version": indicator.version,
        "type": indicator.observable.type.value,
        "value": indicator.observable.value,
        "tlp": indicator.tlp.value,
        "pap": int(indicator.pap),
        "confidence": indicator.confidence,
        "valid_from_us": indicator.valid_from_us,
        "valid_until_us": indicator.valid_until_us,
        "technique": indicator.technique,
    }


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """One observable to refuse until a moment. The enforcers get the whole wanted set each time."""

    observable: Observable
    indicator_id: str
    until_us: int


SightingKind = Literal["seen", "blocked", "retro"]
COUNT_EDGES = (0, 1, 3, 10, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An indicator met at this actor. Count and times are exact here and leave only as bucket and hours (S2)."""

    indicator_id: str
    kind: SightingKind
    count: int
    first_us: int | None
    last_us: int | None


BlockState = Literal["enforced", "partly", "refused", "lifted", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOutcome:
    """What became of a released indicator at this actor. ``enforcers`` put it into force; ``not_carried`` cannot carry
    such an observable; ``rule`` names the rule behind any state but plain enforced."""

    indicator_id: str
    version: int
    state: BlockState
    enforcers: tuple[str, ...]
    rule: str | None
    not_carried: tuple[str, ...] = ()
