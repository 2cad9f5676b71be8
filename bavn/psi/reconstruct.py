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
# Comparisons in a round from which the kernels pay: NumPy makes some 3e8 a second, loading the kernels costs 1 s.
KERNELS_FROM: Final = 3e8


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
    engine_module = _engine(params, len(xs), engine)
    span = slice(part.first, part.last)
    flags = engine_module.screen(np.stack([planes_by_x[x][0, part.table, span] for x in xs]), inverse, params.t)
    flagged = np.flatnonzero(flags) + part.first
    hits = []
    for start in range(0, len(flagged), GROUPS_BINS):
        bins = flagged[start : start + GROUPS_BINS]
        a, b = (np.stack([planes_by_x[x][plane, part.table, bins] for x in xs]) for plane in (0, 1))
        for at, rows in engine_module.groups(a, b, inverse, params.t):
            hits.append(Hit(Cell(part.table, int(bins[at])), tuple(xs[row] for row in rows)))
    return sorted(hits)


def _engine(params: RoundParams, actors: int, engine: Engine) -> ModuleType:
    """The module that screens and groups. The choice depends on sizes alone, so a round runs alike everywhere."""
    if engine == "auto":
        engine = "numba" if comb(actors, params.t) * params.r * params.bins >= KERNELS_FROM else "numpy"
    if engine == "numba":
        from bavn.psi import kernels

        return kernels
    from bavn.psi import screen

    return screen
