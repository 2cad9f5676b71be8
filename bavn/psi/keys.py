"""Keys of mode M1: the group's key file, the key of an epoch and tier, element ids, the key of a round.

Everything is BLAKE2b (RFC 7693) with a personalisation of its own, so that no output of one use is ever an output of
another. Refuses to know where the file lies and who may read it: the group hands it round itself, never through the
centre. An epoch's key is gone when it is forgotten AND the group's key is gone: M1 has no forward secrecy
(docs/private-join.md).
"""

import re
import struct
from hashlib import blake2b
from typing import Final

from bavn.model.ports import Dice
from bavn.psi.round import RoundParams

GROUP_KEY_BYTES: Final = 32
KEY_BYTES: Final = 32
ID_BYTES: Final = 14
CHECK_BYTES: Final = 16
CANARY: Final = b"\x00\x00\x0bbavn canary"
"""An element that is no observable (its type tag, 0, is never given) and that every node holds."""
_FILE = re.compile(rb"bavn-group-1 ([0-9a-f]{64}) ([0-9a-f]{8})")


class BadGroupKey(ValueError):
    """The group key file is not one. The operator must act: fetch it anew from whoever keeps it for the group."""


def new_group_key_file(dice: Dice) -> bytes:
    """The content of a new group key file: one line with the key and eight digits that catch a copying mistake."""
    key = dice.bytes(GROUP_KEY_BYTES)
    return b"bavn-group-1 " + key.hex().encode() + b" " + _check_digits(key) + b"\n"


def read_group_key(content: bytes) -> bytes:
    """The 32 bytes of a group key file's content; white space around the line does not matter. Raises BadGroupKey,
    whose words never hold any of the content."""
    match = _FILE.fullmatch(content.strip())
    if match is None:
        raise BadGroupKey("the group key file must be one line: bavn-group-1, 64 hex digits, 8 hex digits")
    key = bytes.fromhex(match[1].decode())
    if _check_digits(key) != match[2]:
        raise BadGroupKey("the group key file has a copying mistake: its check digits do not fit its key")
    return key


def _check_digits(key: bytes) -> bytes:
    return blake2b(key, digest_size=4, person=b"bavn-check").hexdigest().encode()


def epoch_key(group_key: bytes, epoch: int, tier: str) -> bytes:
    """K_epoch, 32 bytes: of one day (days since 1970) and one tier, so that ids differ between tiers and days.
    ValueError for a group key that is not 32 bytes."""
    if len(group_key) != GROUP_KEY_BYTES:
        raise ValueError("a group key has 32 bytes; read its file with read_group_key")
    return blake2b(
        struct.pack(">Q", epoch) + tier.encode("ascii"), key=group_key, digest_size=KEY_BYTES, person=b"bavn-epoch"
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
