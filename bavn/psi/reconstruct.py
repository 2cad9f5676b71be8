"""Reconstruction: which cells hold an element that at least t actors share, and who they are. Of all others nothing.

Table by table and in parts of bins, each part on its own (:func:`part_hits`), all parts in a row are
:func:`reconstruct`, a table at a time :func:`reconstruct_tables`. Small rounds run in NumPy, large ones
in compiled kernels whose loading costs a second; the answer is the same. Refuses to know elements, ids and keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from types import ModuleType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from bavn.psi.field import Plane, inverse_differences, valid_x
from bavn.psi.round import Cell, Hit, RoundParams

Engine = Literal["auto", "numpy", "numba"]
PART_BINS: Final = 16384
GROUPS_BINS: Final = 1024
Indexes = npt.NDArray[np.intp]
Bins = npt.NDArray[np.int64]
Members = npt.NDArray[np.bool_]
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


Xs = tuple[int, ...]
TableOf = Callable[[int], Plane]
"""A table's number -> both planes of everybody's table, uint32 [2, n, bins], actors in ascending order of x."""
RunTable = Callable[[RoundParams, Xs, Sequence[Part], Plane], Iterable[Hit]]
"""Gives the hits of all parts of one table, in the order of the parts, whoever computes them."""


def parts(params: RoundParams) -> list[Part]:
    """The whole round in parts, in order."""
    return [part for table in range(params.r) for part in parts_of(params, table)]


def parts_of(params: RoundParams, table: int) -> list[Part]:
    """One table in parts, in order."""
    return [Part(table, first, min(first + PART_BINS, params.bins)) for first in range(0, params.bins, PART_BINS)]


def reconstruct(params: RoundParams, planes_by_x: Mapping[int, Plane], engine: Engine = "auto") -> list[Hit]:
    """All hits of a round, in order of cell and holders. ``planes_by_x``: x -> uint32 [2, r, bins] as
    planes.planes_from_bytes gives them (a memory map will do: it is read once, part by part).

    ValueError for an x or a shape that does not fit: the inbox refuses those before.
    """
    return [hit for part in parts(params) for hit in hits_in(params, planes_by_x, part, engine)]


def hits_in(params: RoundParams, planes_by_x: Mapping[int, Plane], part: Part, engine: Engine = "auto") -> list[Hit]:
    """The hits of one part; see :func:`reconstruct`."""
    xs = tuple(sorted(planes_by_x))
    if not all(planes_by_x[x].shape == (2, params.r, params.bins) for x in xs):
        raise ValueError("planes have the shape (2, r, bins)")
    _check(xs)
    if len(xs) < params.t:
        return []

    def b_at(bins: Indexes) -> Plane:
        return np.stack([planes_by_x[x][1, part.table, part.first + bins] for x in xs])

    row_a = np.stack([planes_by_x[x][0, part.table, part.first : part.last] for x in xs])
    return _hits(params, xs, part, row_a, b_at, engine)


def reconstruct_tables(params: RoundParams, xs: Xs, table_of: TableOf, run: RunTable | None = None) -> list[Hit]:
    """The same with one table in memory at a time: 8 * n * bins bytes. ``xs`` ascending. ValueError as there."""
    _check(xs)
    if len(xs) < params.t:
        return []
    hits: list[Hit] = []
    for table in range(params.r):
        planes = table_of(table)
        if planes.shape != (2, len(xs), params.bins):
            raise ValueError("a table's planes have the shape (2, n, bins)")
        hits.extend((run or in_row)(params, xs, parts_of(params, table), planes))
    return hits


def in_row(params: RoundParams, xs: Xs, of_table: Sequence[Part], planes: Plane) -> Iterable[Hit]:
    """One part after the other, here (a RunTable)."""
    for part in of_table:
        yield from part_hits(params, xs, part, planes[:, :, part.first : part.last])


def part_hits(params: RoundParams, xs: Xs, part: Part, planes: Plane, engine: Engine = "auto") -> list[Hit]:
    """The hits of one part from its own bins alone: ``planes`` uint32 [2, n, part.last - part.first]. It needs nothing
    else."""
    return _hits(params, xs, part, np.ascontiguousarray(planes[0]), lambda bins: planes[1][:, bins], engine)


def part_groups(
    params: RoundParams, xs: Xs, part: Part, planes: Plane, engine: Engine = "auto"
) -> Iterator[tuple[Bins, Members]]:
    """The same as columns, for rounds with so many hits that a value for each is too much: bins of the table, int64
    [g], and the members of each group, bool [g, n], in some pieces."""
    return _groups(params, xs, part, np.ascontiguousarray(planes[0]), lambda bins: planes[1][:, bins], engine)


def _hits(
    params: RoundParams, xs: Xs, part: Part, row_a: Plane, b_at: Callable[[Indexes], Plane], engine: Engine
) -> list[Hit]:
    hits = []
    for bins, members in _groups(params, xs, part, row_a, b_at, engine):
        holders = [xs[row] for row in np.nonzero(members)[1].tolist()]
        ends = np.cumsum(members.sum(axis=1)).tolist()
        for at, start, end in zip(bins.tolist(), [0, *ends], ends, strict=False):
            hits.append(Hit(Cell(part.table, at), tuple(holders[start:end])))
    return hits


def _groups(
    params: RoundParams, xs: Xs, part: Part, row_a: Plane, b_at: Callable[[Indexes], Plane], engine: Engine
) -> Iterator[tuple[Bins, Members]]:
    inverse = inverse_differences(xs)
    work = comb(len(xs), params.t) * params.r * params.bins
    flags = _engine(engine, work >= KERNELS_COMPARISONS).screen(row_a, inverse, params.t)
    flagged = np.flatnonzero(flags)
    exact = _engine(engine, work >= KERNELS_COMPARISONS or len(flagged) >= KERNELS_FLAGGED)
    for start in range(0, len(flagged), GROUPS_BINS):
        bins = flagged[start : start + GROUPS_BINS]
        where, members = exact.groups(row_a[:, bins], b_at(bins), inverse, params.t)
        yield part.first + bins[where], members


def _check(xs: Xs) -> None:
    if not all(valid_x(x) for x in xs) or any(x >= y for x, y in pairwise(xs)):
        raise ValueError("each x lies in 1..2**31-2, once, and they ascend")


def _engine(wanted: Engine, large: bool) -> ModuleType:
    """The module that screens and groups. It follows from sizes alone, never from the clock."""
    if wanted == "numba" or (wanted == "auto" and large):
        from bavn.psi import kernels

        return kernels
    from bavn.psi import screen

    return screen
