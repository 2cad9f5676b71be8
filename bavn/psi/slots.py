"""The slot map: which cell of an actor's planes holds which of its elements. The actor's secret until the reveal.

Refuses to know the elements: it counts them as the caller listed them. It lies encrypted at the actor (the door's
business) and is deleted when the round is closed.
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.model.outcome import Refused
from bavn.psi.round import Cell, RoundParams

_HEAD: Final = struct.Struct(">16s4sI")
_MAGIC: Final = b"slt1"
_ROW: Final = np.dtype([("code", "<u4"), ("element", "<u4"), ("insertion", "u1")])


Rows = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Slot:
    """``element``: index into the ids that the share was generated from. ``insertion``: 1 or 2."""

    element: int
    insertion: int


@dataclass(frozen=True, slots=True, eq=False)
class SlotMap:
    """Rows (code = table*bins + bin, element, insertion), codes ascending; fakes and dummies have no row."""

    params: RoundParams
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, cell: Cell) -> Slot | None:
        """What is in a cell; None for a fake, a dummy and a cell outside the planes."""
        if not (0 <= cell.table < self.params.r and 0 <= cell.bin < self.params.bins):
            return None
        code = np.uint32(cell.table * self.params.bins + cell.bin)
        at = int(np.searchsorted(self.rows["code"], code))
        if at == len(self.rows) or self.rows["code"][at] != code:
            return None
        return Slot(int(self.rows["element"][at]), int(self.rows["insertion"][at]))

    def cells(self) -> list[tuple[Cell, Slot]]:
        """All of it, in the order of the cells."""
        bins = self.params.bins
        return [
            (Cell(*divmod(int(code), bins)), Slot(int(element), int(insertion)))
            for code, element, insertion in self.rows.tolist()
        ]

    def to_bytes(self) -> bytes:
        """For the actor's own encrypted disk. The length tells the size of the set: it never travels."""
        return _HEAD.pack(self.params.round_id, _MAGIC, len(self.rows)) + self.rows.tobytes()

    @classmethod
    def from_bytes(cls, params: RoundParams, raw: bytes) -> "SlotMap | Refused":
        """What :meth:`to_bytes` wrote, for the same round; ``slots_format``, ``slots_round`` otherwise."""
        if len(raw) < _HEAD.size:
            return Refused("slots_format", "a slot map has a head")
        round_id, magic, count = _HEAD.unpack_from(raw)
        if magic != _MAGIC or len(raw) != _HEAD.size + count * _ROW.itemsize:
            return Refused("slots_format", "not a slot map, or cut short")
        if round_id != params.round_id:
            return Refused("slots_round", "a slot map of another round")
        rows = np.frombuffer(raw, dtype=_ROW, offset=_HEAD.size)
        code = rows["code"].astype(np.int64)
        inside = (code < params.r * params.bins).all() and (np.diff(code) > 0).all()
        if not (inside and np.isin(rows["insertion"], (1, 2)).all()):
            return Refused("slots_format", "a row of the slot map lies outside the planes or out of order")
        return cls(params, rows)


def slot_rows(table: int, holder: npt.NDArray[np.int64], elements: npt.NDArray[np.int64]) -> Rows:
    """The rows of one table. ``holder`` [2, bins]: which of the set each insertion put there; numbers past
    ``elements`` (the caller's index of each real one) are fakes or nothing."""
    insertion, bins = np.nonzero(np.less(holder, len(elements)).T)[::-1]
    rows = np.empty(len(bins), dtype=_ROW)
    rows["code"] = table * holder.shape[1] + bins
    rows["element"] = elements[holder[insertion, bins]]
    rows["insertion"] = insertion + 1
    return rows
