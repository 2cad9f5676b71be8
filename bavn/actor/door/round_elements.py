"""What is known of an element at home when a round is prepared: enough to answer a reveal days later. Stays encrypted.

Exact values on purpose: the rules of the gate make buckets of them, nobody else does.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bavn.actor.door.live import Element
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Dice
from bavn.psi.cover import Cover
from bavn.psi.keys import ID_BYTES, KEY_BYTES
from bavn.psi.round import RoundParams

if TYPE_CHECKING:
    from bavn.psi.share import Share

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundElement:
    """One element of a prepared round, with the exact facts of the suspicion that speaks for it."""

    type: str
    value: str
    suspicion: str
    detector: str
    technique: str
    p: float
    hosts: int
    listed: bool
    first_us: int
    last_us: int
    period_s: float | None
    regularity: float | None
    walk_nats: float | None
    since_us: int | None = None
    """Since when this actor has used the element itself; None where that cannot be dated."""

    @property
    def observable(self) -> Observable:
        return Observable.trusted(ObservableType(self.type), self.value)


def element_of(element: Element) -> RoundElement:
    """The facts of an element."""
    s = element.suspicion
    return RoundElement(
        type=element.observable.type.value,
        value=element.observable.value,
        suspicion=s.id,
        detector=s.detector,
        technique=s.technique,
        p=s.p,
        hosts=s.hosts,
        listed=s.listed,
        first_us=s.first_us,
        last_us=s.last_us,
        period_s=s.period_s,
        regularity=s.regularity,
        walk_nats=s.walk_nats,
        since_us=dict(s.known_since).get(element.observable),
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that an open round rests on: ``ids`` 14 bytes for each of ``told``, ``kr`` the round's key, ``slots`` the
    slot map's bytes."""

    told: tuple[RoundElement, ...]
    ids: tuple[bytes, ...] = field(repr=False)
    kr: bytes = field(repr=False)
    slots: bytes = field(repr=False)


def lock(key: bytes, nonce: bytes, prepared: Prepared) -> bytes:
    """A round's contents as one sealed box; ``key`` 32 bytes, ``nonce`` 12, never twice."""
    listed = json.dumps([asdict(entry) for entry in prepared.told]).encode()
    plain = len(listed).to_bytes(8) + listed + prepared.kr + b"".join(prepared.ids) + prepared.slots
    return nonce + AESGCM(key).encrypt(nonce, plain, b"bavn-slots")


def unlock(key: bytes, box: bytes) -> Prepared:
    """What ``lock`` closed. cryptography.exceptions.InvalidTag if the box was changed or belongs to another key."""
    plain = AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], b"bavn-slots")
    at = 8 + int.from_bytes(plain[:8])
    elements = tuple(RoundElement(**entry) for entry in json.loads(plain[8:at]))
    first, last = at + KEY_BYTES, at + KEY_BYTES + ID_BYTES * len(elements)
    ids = tuple(plain[start : start + ID_BYTES] for start in range(first, last, ID_BYTES))
    return Prepared(elements, ids, plain[at:first], plain[last:])


def share_of(
    params: RoundParams, kr: bytes, weighed: Sequence[tuple[bytes, float]], own_x: int, dice: Dice
) -> "Share | Cover":
    """What goes up in a round: the share of what is held, or a cover where nothing is."""
    if not weighed:
        return Cover.drawn(params, dice)
    from bavn.psi.share import generate  # who never has anything to join loads no mathematics

    return generate(params, kr, weighed, own_x, dice)
