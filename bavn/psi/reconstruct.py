"""Reconstruction: which cells hold an element that at least t actors share, and who they are. Of all others nothing.

Table by table and in parts of bins, each part on its own: a part is a task for an engine of many machines
(:func:`hits_in`), all parts in a row are :func:`reconstruct`. Small rounds run in NumPy, large ones in compiled
kernels whose loading costs a second; the answer is the same. Refuses to know elements, ids and keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from types import ModuleType
from typing import Final, Literal

import numpy as np

from bavn.psi.field import Plane, inverse_differences, valid_x
from bavn.psi.round import Cell, Hit, RoundParams

Engine = Literal["auto", "numpy", "numba"]
PART_BINS: Final = 16384
GROUPS_BINS: Final = 1024
# When the kernels pay, over the rounds of a process, for the second that they take to load (six the first time on a
# machine): comparisons in a round, of which NumPy makes 3e8 a second; flagged bins in a part, of which plain Python
# resolves 15,000 a second.
KERNELS_COMPARISONS: Final = 3e7
KERNELS_FLAGGED: Final = 2000


@dataclass(frozen=True, slots=True)
class Part:
    """Bins first..last-1 of one table."""

    table: int
    first: int
    last: int


def parts(params: RoundParams) -> list[Part]:
    """The whole round in parts, in order."""
    return [
        Part(table, first, min(first + PART_BINS, params.bins))
        for table in range(params.r)
        for first in range(0, params.bins, PART_BINS)
    ]


def reconstruct(params: RoundParams, planes_by_x: Mapping[int, Plane], engine: Engine = "auto") -> list[Hit]:
    """All hits of a round, in order of cell and holders. ``planes_by_x``: x -> uint32 [2, r, bins] as
    planes.planes_from_bytes gives them (a memory map will do: it is read once, part by part).

    ValueError for an x or a shape that does not fit: the inbox refuses those before.
    """
    return [hit for part in parts(params) for hit in hits_in(params, planes_by_x, part, engine)]


def hits_in(params: RoundParams, planes_by_x: Mapping[int, Plane], part: Part, engine: Engine = "auto") -> list[Hit]:
    """The hits of one part; see :func:`reconstruct`."""
    xs = sorted(planes_by_x)
    if not all(valid_x(x) and planes_by_x[x].shape == (2, params.r, params.bins) for x in xs):
        raise ValueError("planes need an x in 1..2**31-2 and the shape (2, r, bins)")
    if len(xs) < params.t:
        return []
    inverse = inverse_differences(tuple(xs))
    work = comb(len(xs), params.t) * params.r * params.bins
    span = slice(part.first, part.last)
    row_a = np.stack([planes_by_x[x][0, part.table, span] for x in xs])
    flags = _engine(engine, work >= KERNELS_COMPARISONS).screen(row_a, inverse, params.t)
    flagged = np.flatnonzero(flags)
    exact = _engine(engine, work >= KERNELS_COMPARISONS or len(flagged) >= KERNELS_FLAGGED)
    hits = []
    for start in range(0, len(flagged), GROUPS_BINS):
        bins = flagged[start : start + GROUPS_BINS]
        b = np.stack([planes_by_x[x][1, part.table, part.first + bins] for x in xs])
        for at, rows in exact.groups(row_a[:, bins], b, inverse, params.t):
            cell = Cell(part.table, part.first + int(bins[at]))
            hits.append(Hit(cell, tuple(xs[row] for row in rows)))
    return hits


def _engine(wanted: Engine, large: bool) -> ModuleType:
    """The module that screens and groups. It follows from sizes alone, never from the clock."""
    if wanted == "numba" or (wanted == "auto" and large):
        from bavn.psi import kernels

        return kernels
    from bavn.psi import screen

    return screen
