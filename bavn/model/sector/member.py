"""An actor as the sector knows it: name, kind, group, place in the join, quota; and its name in a certificate.

Refuses to know how the name was proved: certificates, tokens and signatures are members' and wire's.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from bavn.model.ports import Dice

ACTOR_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
ACTOR_URN_PREFIX: Final = "urn:bavn:actor:"
HUB_URN_PREFIX: Final = "urn:bavn:hub:"
CENTRE_NAME: Final = "centre"
RESERVED_NAMES: Final = frozenset({CENTRE_NAME, "keyholder", "sector", "nobody"})
"""Names that no actor may take: they stand for parties that are not actors."""

ActorKind = Literal["region", "municipality", "supplier", "agency", "clinic", "it-centre", "other"]


class ActorState(StrEnum):
    """Only an active actor is let in; a suspended one is let in again by one act, with the keys that it has; a revoked
    one keeps its name and its x for ever, so that nobody inherits them."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One legal entity, one vote. ``group``: actors of one host, vendor or operator count once. ``x`` in 1..2**31-2.
    ``canary``: what may block comes to it first."""

    name: str
    kind: str
    group: str
    x: int
    state: ActorState
    canary: bool = False


QUOTA_MAX: Final = 10**12
"""The most messages or bytes that a quota may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of one kind of message an actor may have taken in any one hour of the clock."""

    messages_per_hour_max: int
    bytes_per_hour_max: int


def actor_urn(name: str) -> str:
    """The URI by which a certificate names an actor (subjectAltName). ValueError for what no actor can be called."""
    if not ACTOR_NAME.fullmatch(name):
        raise ValueError(f"no actor can be called {name[:60]!r}: a-z, 0-9 and '-', 2 to 40 letters, a letter first")
    return ACTOR_URN_PREFIX + name


def actor_of_urn(urn: str) -> str | None:
    """The actor that a URI names, or None."""
    name = urn.removeprefix(ACTOR_URN_PREFIX)
    return name if name != urn and ACTOR_NAME.fullmatch(name) else None


def hub_urn(name: str) -> str:
    """The URI by which a certificate names a hub, which is no actor. ValueError for what none can be called."""
    if not ACTOR_NAME.fullmatch(name):
        raise ValueError(f"no hub can be called {name[:60]!r}: a-z, 0-9 and '-', 2 to 40 letters, a letter first")
    return HUB_URN_PREFIX + name


def enrolment_statement(actor: str, token: str, csr: str) -> bytes:
    """What a node signs with its message key when it enrols: that key, this token and this certificate request
    belong together (so that nobody can bind another's message key to their own name)."""
    digest = hashlib.sha256()
    for part in (actor, token, csr):
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return b"bavn/enrolment/1\x00" + digest.digest()


def p256_scalar(dice: Dice) -> int:
    """A private key of the curve P-256 from handed-in randomness (FIPS 186-5, A.2.1: 64 bits more than the order)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return int.from_bytes(dice.bytes(40), "big") % (order - 1) + 1
