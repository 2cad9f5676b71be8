"""The slot map: which cell of an actor's planes holds which of its elements. The actor's secret until the reveal.

Refuses to know the elements: it counts them as the caller listed them. It lies encrypted at the actor (the door's
business) and is deleted when the round is closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.model.outcome import Refused
from bavn.psi.cover import SLOTS_HEAD as _HEAD
from bavn.psi.cover import SLOTS_MAGIC as _MAGIC
from bavn.psi.round import Cell, RoundParams

_ROW_BYTES: Final = 9
Column = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Slot:
    """``element``: index into the ids that the share was generated from. ``insertion``: 1 or 2."""

    element: int
    insertion: int


@dataclass(frozen=True, slots=True, eq=False)
class SlotMap:
    """Columns of equal length: ``codes`` (table*bins + bin, ascending), ``elements``, ``insertions``. Fakes and dummies
    have no row."""

    params: RoundParams
    codes: npt.NDArray[np.uint32]
    elements: npt.NDArray[np.uint32]
    insertions: npt.NDArray[np.uint8]

    @classmethod
    def of_tables(cls, params: RoundParams, held: Iterable[Column], elements: Column) -> "SlotMap":
        """From each table's ``held`` [2, bins]: which of the set each insertion put there; numbers past ``elements``
        (the caller's index of each real one) are fakes or nothing."""
        columns = [_rows(params, table, one, elements) for table, one in enumerate(held)]
        return cls(params, *(np.concatenate(column) for column in zip(*columns, strict=True)))

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, cell: Cell) -> Slot | None:
        """What is in a cell; None for a fake, a dummy and a cell outside the planes."""
        if not (0 <= cell.table < self.params.r and 0 <= cell.bin < self.params.bins):
            return None
        code = np.uint32(cell.table * self.params.bins + cell.bin)
        at = int(np.searchsorted(self.codes, code))
        if at == len(self.codes) or self.codes[at] != code:
            return None
        return Slot(int(self.elements[at]), int(self.insertions[at]))

    def cells(self) -> list[tuple[Cell, Slot]]:
        """All of it, in the order of the cells."""
        rows = zip(self.codes.tolist(), self.elements.tolist(), self.insertions.tolist(), strict=True)
        return [(Cell(*divmod(code, self.params.bins)), Slot(element, insertion)) for code, element, insertion in rows]

    def to_bytes(self) -> bytes:
        """For the actor's own encrypted disk. The length tells the size of the set: it never travels."""
        head = _HEAD.pack(self.params.round_id, _MAGIC, len(self))
        columns = (self.codes.astype("<u4"), self.elements.astype("<u4"), self.insertions)
        return head + b"".join(column.tobytes() for column in columns)

    @classmethod
    def from_bytes(cls, params: RoundParams, raw: bytes) -> "SlotMap | Refused":
        """What :meth:`to_bytes` wrote, for the same round; else refused as ``slots_format`` or ``slots_round``."""
        if len(raw) < _HEAD.size:
            return Refused("slots_format", "a slot map has a head")
        round_id, magic, count = _HEAD.unpack_from(raw)
        if magic != _MAGIC or len(raw) != _HEAD.size + count * _ROW_BYTES:
            return Refused("slots_format", "not a slot map, or cut short")
        if round_id != params.round_id:
            return Refused("slots_round", "a slot map of another round")
        codes = np.frombuffer(raw, "<u4", count, _HEAD.size).astype(np.uint32)
        elements = np.frombuffer(raw, "<u4", count, _HEAD.size + 4 * count).astype(np.uint32)
        insertions = np.frombuffer(raw, np.uint8, count, _HEAD.size + 8 * count)
        ascending = bool((codes[1:] > codes[:-1]).all()) and int(codes[-1:].sum()) < params.r * params.bins
        if not (ascending and np.isin(insertions, (1, 2)).all()):
            return Refused("slots_format", "a row of the slot map lies outside the planes or out of order")
        return cls(params, codes, elements, insertions)


def _rows(
    params: RoundParams, table: int, held: Column, elements: Column
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    bins, insertions = np.nonzero(np.less(held, len(elements)).T)
    codes = (table * params.bins + bins).astype(np.uint32)
    return codes, elements[held[insertions, bins]].astype(np.uint32), (insertions + 1).astype(np.uint8)
