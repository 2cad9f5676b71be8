"""The group of the oblivious PRF: ristretto255 as libsodium has it (rbcl), and SHA-512 into it (RFC 9497, 4.1).

Points and scalars are 32 bytes, as they travel. No arithmetic stands here: every product, sum and inverse is
libsodium's, in a time that does not depend on the scalar. What Python adds is not as careful: copies of a secret stay
in memory until something else is written there.
"""

import contextlib
import sys
from collections.abc import Iterable, Sequence
from functools import cache, reduce
from hashlib import sha512
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final

from bavn.model.ports import Dice

POINT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
IDENTITY: Final = bytes(POINT_BYTES)
ONE: Final = (1).to_bytes(SCALAR_BYTES, "little")
_WIDE: Final = 64
_BLOCK: Final = 128


@cache
def library() -> Any:
    """rbcl lays libsodium down as a temporary file to load it and leaves it there: it is mapped by then, so its name
    can go. Most commands need no group, and none should fail for want of room there."""
    import rbcl

    with contextlib.suppress(OSError, AttributeError, KeyError):
        Path(sys.modules["rbcl._sodium"].lib_path).unlink()
    return rbcl


class BadPoint(ValueError):
    """Bytes that are no element of the group, or its identity. Whoever sent them must act."""


def times(scalar: bytes, point: bytes) -> bytes:
    """libsodium decodes the point and gives zeros for one that is none: the identity's own encoding."""
    if len(point) != POINT_BYTES:
        raise BadPoint(f"an element has {POINT_BYTES} bytes")
    product = bytes(library().crypto_scalarmult_ristretto255_allow_scalar_zero(scalar, point))
    if product == IDENTITY:
        raise BadPoint("not an element of ristretto255, or its identity")
    return product


def times_base(scalar: bytes) -> bytes:
    """``scalar`` times the generator. BadPoint for zero."""
    product = bytes(library().crypto_scalarmult_ristretto255_base_allow_scalar_zero(scalar))
    if product == IDENTITY:
        raise BadPoint("zero times the generator is the identity")
    return product


def plus(left: bytes, right: bytes) -> bytes:
    """The sum of two elements. BadPoint where one is none, or where they cancel out: the same zeros."""
    if len(left) != POINT_BYTES or len(right) != POINT_BYTES:
        raise BadPoint(f"an element has {POINT_BYTES} bytes")
    sum_ = bytes(library().crypto_core_ristretto255_add(left, right))
    if sum_ == IDENTITY:
        raise BadPoint("not elements of ristretto255, or each other's opposite")
    return sum_


def add(left: bytes, right: bytes) -> bytes:
    """The sum of two that are known to be elements, the identity among them: where others chose what is added."""
    return bytes(library().crypto_core_ristretto255_add(left, right))


def plus_all(points: Iterable[bytes]) -> bytes:
    """The sum of one element or more, each known to be one: of a hash, or of :func:`times`. What is none is not seen
    here. BadPoint where the sum is the identity; TypeError for none at all."""
    sum_: bytes = reduce(library().crypto_core_ristretto255_add, points)
    if sum_ == IDENTITY:
        raise BadPoint("the elements cancel out")
    return sum_


def are_points(points: Sequence[bytes]) -> bool:
    """True if each is the encoding of an element of the group and not of its identity."""
    return all(
        len(point) == POINT_BYTES and point != IDENTITY and library().crypto_core_ristretto255_is_valid_point(point)
        for point in points
    )


def is_zero(scalar: bytes) -> bool:
    """True for zero, in a time that does not depend on the scalar."""
    return compare_digest(scalar, bytes(SCALAR_BYTES))


def is_scalar(raw: bytes) -> bool:
    """True for the one spelling of a scalar that is not zero, in a time that does not depend on it."""
    right = len(raw) == SCALAR_BYTES and compare_digest(reduced(raw + bytes(_WIDE - SCALAR_BYTES)), raw)
    return right and not is_zero(raw)


def reduced(wide: bytes) -> bytes:
    """64 bytes, little-endian, modulo the group's order."""
    return bytes(library().crypto_core_ristretto255_scalar_reduce(wide))


def number(value: int) -> bytes:
    """A small number, which may be negative, as a scalar. It is public: nothing secret passes here."""
    raw = abs(value).to_bytes(SCALAR_BYTES, "little")
    return raw if value >= 0 else bytes(library().crypto_core_ristretto255_scalar_negate(raw))


def random_scalar(dice: Dice) -> bytes:
    """A uniform scalar, never zero."""
    while True:
        scalar = reduced(dice.bytes(_WIDE))
        if not is_zero(scalar):
            return scalar


def random_point(dice: Dice) -> bytes:
    """A uniform element: what fills a batch up looks like what stands in it."""
    return bytes(library().crypto_core_ristretto255_from_hash(dice.bytes(_WIDE)))


def product(left: bytes, right: bytes) -> bytes:
    """The product of two scalars."""
    return bytes(library().crypto_core_ristretto255_scalar_mul(left, right))


def total(left: bytes, right: bytes) -> bytes:
    """The sum of two scalars."""
    return bytes(library().crypto_core_ristretto255_scalar_add(left, right))


def difference(left: bytes, right: bytes) -> bytes:
    """The first scalar less the second."""
    return bytes(library().crypto_core_ristretto255_scalar_sub(left, right))


def inverse(scalar: bytes) -> bytes:
    """1/scalar. ValueError for zero."""
    return bytes(library().crypto_core_ristretto255_scalar_invert(scalar))


def inverses(scalars: Sequence[bytes]) -> list[bytes]:
    """1/s of each scalar that is not zero, by Montgomery's trick: the products up to each, the inverse of them all, and
    back again. libsodium's multiplication takes the same time for every scalar."""
    if not scalars:
        return []
    products = [scalars[0]]
    for scalar in scalars[1:]:
        products.append(product(products[-1], scalar))
    rest = inverse(products[-1])
    inverted = [b""] * len(scalars)
    for at in range(len(scalars) - 1, 0, -1):
        inverted[at] = product(rest, products[at - 1])
        rest = product(rest, scalars[at])
    inverted[0] = rest
    return inverted


def hash_to_group(message: bytes, context: bytes) -> bytes:
    """HashToGroup (RFC 9497, 4.1) of a suite's context string."""
    return bytes(library().crypto_core_ristretto255_from_hash(_expand(message, b"HashToGroup-" + context)))


def hash_to_scalar(message: bytes, domain: bytes) -> bytes:
    """HashToScalar (RFC 9497, 4.1) with a domain of its own: ``HashToScalar-`` and the context, if nothing else."""
    return reduced(_expand(message, domain))


def _expand(message: bytes, domain: bytes) -> bytes:
    """expand_message_xmd of RFC 9380, 5.3.1, with SHA-512: 64 bytes, so that one block is enough."""
    tag = domain + bytes([len(domain)])
    first = sha512(bytes(_BLOCK) + message + _WIDE.to_bytes(2) + b"\x00" + tag).digest()
    return sha512(first + b"\x01" + tag).digest()
