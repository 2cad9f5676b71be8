"""The upload of an actor that holds nothing: every cell exactly uniform, as each cell of a share is to anybody with
fewer than t of them. So who looks at it learns not even that it is empty.

Made of bytes alone: a guard, which has no library of columns, takes its place in a round too. What it cannot do is
name an element: it has none.
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bavn.model.ports import Dice
from bavn.psi.keys import KEY_BYTES
from bavn.psi.round import Cell, RoundParams

SLOTS_HEAD: Final = struct.Struct(">16s4sI")
SLOTS_MAGIC: Final = b"slt1"
_WORD: Final = 4
_REJECTED: Final = b"\xff\xff\xff\x7f"
"""p itself, 2**31 - 1, as a word: the one value of 31 bits that is no element of the field. Where a word's last byte is
below 0x80, these bytes stand at the beginning of a word and nowhere else."""


@dataclass(frozen=True, slots=True)
class Cover:
    """``planes``: as they travel (psi/planes.py)."""

    params: RoundParams
    planes: bytes

    @classmethod
    def drawn(cls, params: RoundParams, dice: Dice) -> Self:
        """Draws 32 bytes from the dice, as a share does."""
        stream = Cipher(algorithms.AES(dice.bytes(KEY_BYTES)), modes.CTR(bytes(16))).encryptor()
        words = 2 * params.r * params.bins
        mask = int.from_bytes(_REJECTED * words, "little")
        masked = int.from_bytes(stream.update(bytes(_WORD * words)), "little") & mask
        drawn = bytearray(masked.to_bytes(_WORD * words, "little"))
        at = drawn.find(_REJECTED)
        while at >= 0:
            (word,) = struct.unpack("<I", stream.update(bytes(_WORD)))
            drawn[at : at + _WORD] = struct.pack("<I", word & 0x7FFFFFFF)
            at = drawn.find(_REJECTED, at)
        return cls(params, bytes(drawn))

    def to_bytes(self) -> bytes:
        return self.planes

    def tables(self) -> tuple[bytes, ...]:
        """Both planes of each table apart, as planes.tables_of."""
        size, half = _WORD * self.params.bins, _WORD * self.params.r * self.params.bins
        places = range(0, half, size)
        return tuple(self.planes[at : at + size] + self.planes[half + at : half + at + size] for at in places)

    def slot_bytes(self) -> bytes:
        """A slot map without a row."""
        return no_slots(self.params)


class NoSlots:
    """The slot map of a cover: nothing of it holds an element."""

    def __len__(self) -> int:
        return 0

    def find(self, cell: Cell) -> None:
        """Whatever the cell."""
        del cell

    def cells(self) -> list[tuple[Cell, "NoSlots"]]:
        return []


def no_slots(params: RoundParams) -> bytes:
    """How a slot map without a row is written."""
    return SLOTS_HEAD.pack(params.round_id, SLOTS_MAGIC, 0)
