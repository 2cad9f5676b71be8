"""Keys under one secret: the key of an epoch and tier, element ids, the key of a round; and what binds a round's key.

Everything is BLAKE2b (RFC 7693) with a personalisation of its own, so that no output of one use is ever an output of
another. In a sector ids and round keys come of key holders (psi/threshold).
"""

import struct
from hashlib import blake2b
from typing import Final

from bavn.psi.round import RoundParams

SECRET_BYTES: Final = 32
KEY_BYTES: Final = 32
ID_BYTES: Final = 14
CHECK_BYTES: Final = 16
CANARY: Final = b"\x00\x00\x0bbavn canary"
"""An element that is no observable (its type tag, 0, is never given) and that every node holds."""


def epoch_key(secret: bytes, epoch: int, tier: str) -> bytes:
    """K_epoch, 32 bytes: of one day (days since 1970) and one tier, so that ids differ between tiers and days.
    ValueError for a secret that is not 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a secret has 32 bytes")
    return blake2b(
        struct.pack(">Q", epoch) + tier.encode("ascii"), key=secret, digest_size=KEY_BYTES, person=b"bavn-epoch"
    ).digest()


def element_id(k_epoch: bytes, element: bytes) -> bytes:
    """h, 14 bytes: what stands for an element inside a node. It never leaves the node."""
    return blake2b(element, key=k_epoch, digest_size=ID_BYTES, person=b"bavn-elem").digest()


def round_key(k_epoch: bytes, params: RoundParams) -> bytes:
    """kr, 32 bytes: bound to everything in ``params``. Never in a log, never to the centre."""
    return blake2b(params.canonical(), key=k_epoch, digest_size=KEY_BYTES, person=b"bavn-round").digest()


def members_key(kr: bytes, members: str) -> bytes:
    """The round's key bound to who takes part and under which x, 32 bytes. ``members``: all of them in one spelling,
    ``name=x`` by name, one space between. Two actors that were told different members never meet: else a centre that
    gives one x to two of them would see equal cells where they share an element, below the threshold too."""
    return blake2b(members.encode(), key=kr, digest_size=KEY_BYTES, person=b"bavn-members").digest()


def key_check(kr: bytes, canary_id: bytes) -> str:
    """32 hex digits that are the same at all who hold the same keys of a round: kr, bound to the members, and what gave
    the ids (``canary_id``: the id of CANARY). It goes to the centre with the planes, says nothing of them, and tells of
    kr no more than any PRF output does. A key holder that gives two actors different keys makes it differ."""
    return blake2b(canary_id, key=kr, digest_size=CHECK_BYTES, person=b"bavn-keycheck").hexdigest()
