"""Threshold receipts: an actor names an element only after t-1 others have shown that they hold it too.

A receipt is a nonce and a PRF of it under the round's key, keyed on by the element's id; it lies off the polynomial on
purpose, since a centre that knows one cell can extend polynomials through it as it likes (at t=2 they are constants).
The nonce follows from a key that only its maker has: whoever is shown the receipt knows that it is not its own and how
many there are, and not whose they are. Refuses to say which receipt failed: below the threshold that would be an
equality test (PSI.md).
"""

import struct
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from bavn.psi.round import Cell

NONCE_BYTES: Final = 16
TAG_BYTES: Final = 32
_NO_ID: Final = bytes(14)


def tag(kr: bytes, element_id: bytes, own_key: bytes, cell: Cell) -> bytes:
    """This actor's receipt for the element in ``cell``: 32 bytes. ``own_key``: 32 bytes that only this actor has, the
    same for as long as it can answer about the round; whoever has another could be shown its own receipt as
    somebody's."""
    nonce = _own(own_key, kr, cell)[:NONCE_BYTES]
    return nonce + _proof(kr, element_id, nonce, cell)


def dummy_tag(own_key: bytes, kr: bytes, cell: Cell) -> bytes:
    """The answer for a cell without an element: 32 bytes that nobody can tell from a receipt.

    The same cell of the same round answers the same however often it is asked (a fresh answer would betray the dummy);
    another round answers otherwise (a repeated one would, too: ``kr`` is in it for that).
    """
    return _own(own_key, kr, cell)


def check(
    kr: bytes, element_id: bytes | None, cell: Cell, others: Sequence[bytes], own_key: bytes, members: int, t: int
) -> bool:
    """True iff at least t-1 different receipts are given, none of them this actor's and no more than there are others,
    and no receipt among them is wrong. ``others``: as the centre forwards them, without a word of whose they are.

    ``element_id`` None (a cell without an element): the same work, then False. All receipts are always computed and
    compared in constant time; the answer never depends on which one failed.
    """
    nonces = [given[:NONCE_BYTES] for given in others]
    fit = t - 1 <= len(nonces) < members and len(set(nonces)) == len(nonces)
    fit &= _own(own_key, kr, cell)[:NONCE_BYTES] not in nonces and element_id is not None
    held = _NO_ID if element_id is None else element_id
    right = True
    for given in others[:members]:
        nonce = given[:NONCE_BYTES]
        right &= compare_digest(nonce + _proof(kr, held, nonce, cell), given)
    return fit and right


def _own(own_key: bytes, kr: bytes, cell: Cell) -> bytes:
    place = struct.pack(">II", cell.table, cell.bin)
    return blake2b(kr + place, key=own_key, digest_size=TAG_BYTES, person=b"bavn-dummy").digest()


def _proof(kr: bytes, element_id: bytes, nonce: bytes, cell: Cell) -> bytes:
    place = struct.pack(">II", cell.table, cell.bin)
    size = TAG_BYTES - NONCE_BYTES
    return blake2b(element_id + place + nonce, key=kr, digest_size=size, person=b"bavn-receipt").digest()
