"""Threshold receipts: an actor names an element only after t-1 others have shown that they hold it too.

A receipt is a PRF under the round's key, keyed on by the element's id; it lies off the polynomial on purpose, since a
centre that knows one cell can extend polynomials through it as it likes (at t=2 they are constants). Refuses to say
which receipt failed: below the threshold that would be an equality test (PSI.md).
"""

import struct
from collections.abc import Collection, Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from bavn.psi.round import Cell

TAG_BYTES: Final = 16
_NO_ID: Final = bytes(14)


def tag(kr: bytes, element_id: bytes, x: int, cell: Cell) -> bytes:
    """The receipt of actor ``x`` for the element in ``cell``: 16 bytes."""
    place = struct.pack(">III", x, cell.table, cell.bin)
    return blake2b(element_id + place, key=kr, digest_size=TAG_BYTES, person=b"bavn-receipt").digest()


def dummy_tag(own_key: bytes, kr: bytes, cell: Cell) -> bytes:
    """The answer for a cell without an element: 16 bytes that nobody can tell from a receipt.

    ``own_key``: 32 bytes only this actor has. The same cell of the same round answers the same however often it is
    asked (a fresh answer would betray the dummy); another round answers otherwise (a repeated one would, too: ``kr``
    is in it for that).
    """
    place = struct.pack(">II", cell.table, cell.bin)
    return blake2b(kr + place, key=own_key, digest_size=TAG_BYTES, person=b"bavn-dummy").digest()


def check(
    kr: bytes,
    element_id: bytes | None,
    cell: Cell,
    others: Sequence[tuple[int, bytes]],
    own_x: int,
    registered_xs: Collection[int],
    t: int,
) -> bool:
    """True iff at least t-1 distinct registered others, none of them this actor, gave right receipts, and no receipt
    among them is wrong. ``others``: (x, tag) pairs as the centre forwards them.

    ``element_id`` None (a cell without an element): the same work, then False. All receipts are always computed and
    compared in constant time; the answer never depends on which one failed.
    """
    xs = [x for x, _ in others]
    fit = len(xs) >= t - 1 and len(set(xs)) == len(xs) and own_x not in xs
    fit &= all(x in registered_xs for x in xs) and element_id is not None
    held = _NO_ID if element_id is None else element_id
    right = True
    for x, given in others[: len(registered_xs)]:
        right &= compare_digest(tag(kr, held, x % 2**32, cell), given)
    return fit and right
