"""The oblivious PRF: RFC 9497, OPRF(ristretto255, SHA-512), mode 0x00. Pure; scalars come from the dice.

A node blinds an element, the key holder evaluates what it cannot read, the node unblinds and hashes: the id is a
function of the element and of a key that the node never sees. The group stands in group.py; the rest is the RFC's
section 3.3.1. Refuses to know who asks and how often: that is the key holder's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha512
from typing import Final

from bavn.psi.group import (
    POINT_BYTES,
    BadPoint,
    are_points,
    hash_to_group,
    hash_to_scalar,
    inverses,
    is_zero,
    random_point,
    random_scalar,
    times,
)
from bavn.psi.group import library as _group
from bavn.psi.keys import ID_BYTES

__all__ = ["POINT_BYTES", "BadPoint", "are_points", "random_point", "random_scalar"]

SEED_BYTES: Final = 32
INPUT_BYTES_MAX: Final = 2**16 - 1
OPRF_CONTEXT: Final = b"OPRFV1-\x00-ristretto255-SHA512"
VOPRF_CONTEXT: Final = b"OPRFV1-\x01-ristretto255-SHA512"
"""The context strings of RFC 9497, 3.1, of modes 0x00 and 0x01. Elements are hashed under the first everywhere here."""


def ready() -> None:
    """Loads the group now rather than at its first use. OSError where there is no room for a temporary file."""
    _group()


@dataclass(frozen=True, slots=True)
class Blinded:
    """An element under a blind: ``point`` travels, ``scalar`` stays."""

    point: bytes
    scalar: bytes = field(repr=False)


def derive_key(seed: bytes, info: bytes, context: bytes = OPRF_CONTEXT) -> bytes:
    """DeriveKeyPair's private scalar (RFC 9497, 3.2.1). ValueError for a seed that is not 32 bytes."""
    if len(seed) != SEED_BYTES:
        raise ValueError("a seed has 32 bytes")
    for counter in range(256):
        given = seed + len(info).to_bytes(2) + info + bytes([counter])
        scalar = hash_to_scalar(given, b"DeriveKeyPair" + context)
        if not is_zero(scalar):
            return scalar
    raise ValueError("this seed gives no key")


def hashed(element: bytes, context: bytes = OPRF_CONTEXT) -> bytes:
    """``element`` (at most 65,535 bytes) as an element of the group. ValueError where it is too long."""
    if len(element) > INPUT_BYTES_MAX:
        raise ValueError("an element has at most 65535 bytes")
    return hash_to_group(element, context)


def blind(element: bytes, scalar: bytes, context: bytes = OPRF_CONTEXT) -> Blinded:
    """``element`` (at most 65,535 bytes) under ``scalar``. ValueError where the element is too long."""
    return Blinded(times(scalar, hashed(element, context)), scalar)


def evaluate(key: bytes, points: Sequence[bytes]) -> list[bytes]:
    """Each blinded element times ``key``. Raises BadPoint for one that is none: then nothing is evaluated."""
    return [times(key, point) for point in points]


def finalize(element: bytes, blinded: Blinded, evaluated: bytes) -> bytes:
    """The PRF's output, 64 bytes. Raises BadPoint for an answer that is no element."""
    return finalize_all([element], [blinded], [evaluated])[0]


def finalize_all(elements: Sequence[bytes], blinds: Sequence[Blinded], evaluated: Sequence[bytes]) -> list[bytes]:
    """The same for a batch, in its order: one inversion for all of it, where each alone costs two thirds of what a
    product of the group does. Raises BadPoint if any answer is no element; ValueError for lengths that differ."""
    unblinding = inverses([made.scalar for made in blinds])
    return [
        hash_output(element, times(inverse, point))
        for element, inverse, point in zip(elements, unblinding, evaluated, strict=True)
    ]


def output(key: bytes, element: bytes) -> bytes:
    """What :func:`finalize` gives in the end, for who holds the key (tests, and a key holder's own check)."""
    return hash_output(element, times(key, hashed(element)))


def element_id(prf_output: bytes) -> bytes:
    """h of PSI.md: the first 14 bytes of the output."""
    return prf_output[:ID_BYTES]


def hash_output(element: bytes, point: bytes) -> bytes:
    """What Finalize (RFC 9497, 3.3.1) hashes: the element and its evaluation, the blind taken off."""
    return sha512(
        len(element).to_bytes(2) + element + len(point).to_bytes(2) + point + b"Finalize", usedforsecurity=True
    ).digest()
