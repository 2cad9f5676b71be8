"""An envelope that no parcel holds, in pieces of one question each: cut at a node, put together at the centre.

Small pieces, since all shares of a round leave together and a hub holds what is under way of all its nodes. A piece is
sealed as every question is; what was put together is an envelope like any other, and its seal is still to be judged.
Refuses to hold more than GATHERED_MAX envelopes at a time. Pure.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bavn.model.moment import SECOND_US
from bavn.model.outcome import Refused
from bavn.wire.seal import ENVELOPE_BYTES_MAX

PIECE_BYTES: Final = 256 * 1024
GATHERED_MAX: Final = 8
IDLE_US: Final = 60 * SECOND_US
"""What nobody goes on with makes room for others after this."""
_HEAD: Final = struct.Struct(">32sQ")
"""Of each piece: SHA-256 and length of the whole."""


def cut(envelope: bytes) -> Iterator[tuple[int, bytes]]:
    """(where it begins, a piece), in the order in which they must come."""
    head = _HEAD.pack(hashlib.sha256(envelope).digest(), len(envelope))
    for at in range(0, len(envelope), PIECE_BYTES):
        yield at, head + envelope[at : at + PIECE_BYTES]


@dataclass(slots=True)
class _Gathered:
    head: bytes
    came_us: int
    held: bytearray = field(default_factory=bytearray)


class Pieces:
    """What is being put together: of each actor one envelope. Not for several threads at once."""

    def __init__(self) -> None:
        self._of: dict[str, _Gathered] = {}

    def add(self, actor: str, at: int, piece: bytes, now_us: int) -> bytes | Refused | None:
        """The whole envelope with its last piece, else None; or why not, after which it begins anew:
        ``malformed_piece``, ``piece_order``, ``pieces_full`` (try again later)."""
        head, body = piece[: _HEAD.size], piece[_HEAD.size :]
        if len(head) < _HEAD.size or not 0 < len(body) <= PIECE_BYTES:
            return Refused("malformed_piece", "this is no piece of an envelope")
        digest, length = _HEAD.unpack(head)
        if at + len(body) > length or length > ENVELOPE_BYTES_MAX:
            return Refused("malformed_piece", "this is no piece of an envelope")
        gathered = self._begin(actor, head, now_us) if at == 0 else self._of.get(actor)
        if isinstance(gathered, Refused):
            return gathered
        if gathered is None or gathered.head != head or at != len(gathered.held):
            self._of.pop(actor, None)
            return Refused("piece_order", "a piece is missing before this one")
        gathered.held += body
        gathered.came_us = now_us
        if len(gathered.held) < length:
            return None
        whole = bytes(self._of.pop(actor).held)
        if hashlib.sha256(whole).digest() != digest:
            return Refused("malformed_piece", "the pieces do not make what they should")
        return whole

    def _begin(self, actor: str, head: bytes, now_us: int) -> _Gathered | Refused:
        self._of.pop(actor, None)
        for idle in [name for name, one in self._of.items() if now_us - one.came_us > IDLE_US]:
            del self._of[idle]
        if len(self._of) >= GATHERED_MAX:
            return Refused("pieces_full", "others send large messages now; try again later")
        return self._of.setdefault(actor, _Gathered(head, now_us))
