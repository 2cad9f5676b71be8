"""The oblivious PRF of mode M2: RFC 9497, OPRF(ristretto255, SHA-512), mode 0x00. Pure; scalars come from the dice.

A node blinds an element, the key holder evaluates what it cannot read, the node unblinds and hashes: the id is a
function of the element and of a key that the node never sees. The group is libsodium's (rbcl); the rest is the RFC's
section 3.3.1 and RFC 9380's expand_message_xmd. Refuses to know who asks and how often: that is the key holder's.
"""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha512
from pathlib import Path
from typing import Any, Final

from bavn.model.ports import Dice
from bavn.psi.keys import ID_BYTES

POINT_BYTES: Final = 32
SEED_BYTES: Final = 32
INPUT_BYTES_MAX: Final = 2**16 - 1
_CONTEXT: Final = b"OPRFV1-\x00-ristretto255-SHA512"
_WIDE: Final = 64
_BLOCK: Final = 128
_IDENTITY: Final = bytes(POINT_BYTES)


@cache
def _group() -> Any:
    """rbcl lays libsodium down as a temporary file to load it and leaves it there: it is mapped by then, so its name
    can go. Most commands need no group, and none should fail for want of room there."""
    import rbcl

    with contextlib.suppress(OSError, AttributeError, KeyError):
        Path(sys.modules["rbcl._sodium"].lib_path).unlink()
    return rbcl


def ready() -> None:
    """Loads the group now rather than at its first use. OSError where there is no room for a temporary file."""
    _group()


class BadPoint(ValueError):
    """Bytes that are no element of the group, or its identity. Whoever sent them must act."""


@dataclass(frozen=True, slots=True)
class Blinded:
    """An element under a blind: ``point`` travels, ``scalar`` stays."""

    point: bytes
    scalar: bytes = field(repr=False)


def derive_key(seed: bytes, info: bytes) -> bytes:
    """DeriveKeyPair's private scalar (RFC 9497, 3.2.1). ValueError for a seed that is not 32 bytes."""
    if len(seed) != SEED_BYTES:
        raise ValueError("a seed has 32 bytes")
    for counter in range(256):
        given = seed + len(info).to_bytes(2) + info + bytes([counter])
        scalar = _group().crypto_core_ristretto255_scalar_reduce(_expand(given, b"DeriveKeyPair" + _CONTEXT))
        if any(scalar):
            return bytes(scalar)
    raise ValueError("this seed gives no key")


def random_scalar(dice: Dice) -> bytes:
    """A uniform scalar, never zero."""
    while True:
        scalar = bytes(_group().crypto_core_ristretto255_scalar_reduce(dice.bytes(_WIDE)))
        if any(scalar):
            return scalar


def random_point(dice: Dice) -> bytes:
    """A uniform element: what fills a batch up looks like what stands in it."""
    return bytes(_group().crypto_core_ristretto255_from_hash(dice.bytes(_WIDE)))


def blind(element: bytes, scalar: bytes) -> Blinded:
    """``element`` (at most 65,535 bytes) under ``scalar``. ValueError where the element is too long."""
    if len(element) > INPUT_BYTES_MAX:
        raise ValueError("an element has at most 65535 bytes")
    point = _group().crypto_core_ristretto255_from_hash(_expand(element, b"HashToGroup-" + _CONTEXT))
    return Blinded(_times(scalar, bytes(point)), scalar)


def are_points(points: Sequence[bytes]) -> bool:
    """True if each is the encoding of an element of the group and not of its identity."""
    return all(
        len(point) == POINT_BYTES and point != _IDENTITY and _group().crypto_core_ristretto255_is_valid_point(point)
        for point in points
    )


def evaluate(key: bytes, points: Sequence[bytes]) -> list[bytes]:
    """Each blinded element times ``key``. Raises BadPoint for one that is none: then nothing is evaluated."""
    return [_times(key, point) for point in points]


def finalize(element: bytes, blinded: Blinded, evaluated: bytes) -> bytes:
    """The PRF's output, 64 bytes. Raises BadPoint for an answer that is no element."""
    return finalize_all([element], [blinded], [evaluated])[0]


def finalize_all(elements: Sequence[bytes], blinds: Sequence[Blinded], evaluated: Sequence[bytes]) -> list[bytes]:
    """The same for a batch, in its order: one inversion for all of it, where each alone costs two thirds of what a
    product of the group does. Raises BadPoint if any answer is no element; ValueError for lengths that differ."""
    inverses = _inverses([made.scalar for made in blinds])
    return [
        _hash(element, _times(inverse, point))
        for element, inverse, point in zip(elements, inverses, evaluated, strict=True)
    ]


def output(key: bytes, element: bytes) -> bytes:
    """What :func:`finalize` gives in the end, for who holds the key (tests, and a key holder's own check)."""
    point = _group().crypto_core_ristretto255_from_hash(_expand(element, b"HashToGroup-" + _CONTEXT))
    return _hash(element, _times(key, bytes(point)))


def element_id(prf_output: bytes) -> bytes:
    """h of PSI.md: the first 14 bytes of the output."""
    return prf_output[:ID_BYTES]


def _hash(element: bytes, point: bytes) -> bytes:
    return sha512(
        len(element).to_bytes(2) + element + len(point).to_bytes(2) + point + b"Finalize", usedforsecurity=True
    ).digest()


def _inverses(scalars: Sequence[bytes]) -> list[bytes]:
    """1/s of each scalar that is not zero, by Montgomery's trick: the products up to each, the inverse of them all, and
    back again. libsodium's multiplication takes the same time for every scalar."""
    if not scalars:
        return []
    products = [scalars[0]]
    for scalar in scalars[1:]:
        products.append(_product(products[-1], scalar))
    rest = bytes(_group().crypto_core_ristretto255_scalar_invert(products[-1]))
    inverses = [b""] * len(scalars)
    for at in range(len(scalars) - 1, 0, -1):
        inverses[at] = _product(rest, products[at - 1])
        rest = _product(rest, scalars[at])
    inverses[0] = rest
    return inverses


def _product(one: bytes, other: bytes) -> bytes:
    return bytes(_group().crypto_core_ristretto255_scalar_mul(one, other))


def _times(scalar: bytes, point: bytes) -> bytes:
    """libsodium decodes the point and gives zeros for one that is none: the identity's own encoding."""
    if len(point) != POINT_BYTES:
        raise BadPoint(f"an element has {POINT_BYTES} bytes")
    product = bytes(_group().crypto_scalarmult_ristretto255_allow_scalar_zero(scalar, point))
    if product == _IDENTITY:
        raise BadPoint("not an element of ristretto255, or its identity")
    return product


def _expand(message: bytes, domain: bytes) -> bytes:
    """expand_message_xmd of RFC 9380, 5.3.1, with SHA-512: 64 bytes, so that one block is enough."""
    tag = domain + bytes([len(domain)])
    first = sha512(bytes(_BLOCK) + message + _WIDE.to_bytes(2) + b"\x00" + tag).digest()
    return sha512(first + b"\x01" + tag).digest()
