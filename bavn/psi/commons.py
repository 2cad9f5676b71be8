"""The commons round: in how many groups the element of each cell is known, as a bucket; what it is, nobody is told.

Once a day every actor makes a share of what is ordinary in its outside life. The centre reconstructs as in any round,
and answers each actor for each of its cells, real and random alike, in one message of a fixed size: no receipt is
asked for and nothing is revealed. All actors of a round pad to the same M, for sets of different sizes never meet.

What stands in a cell depends on what else its actor holds, since elements compete for bins: told cell by cell, an
answer would say of an element that an actor holds alone whether it was in the way (tests/psi/test_psi_commons.py plays
that). So what was known to t groups the day before goes ahead of all else (``ahead`` of share.generate): no element
below the threshold, and no fake, is ever in its way. Refuses to know elements, ids and keys.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.model.outcome import Refused
from bavn.model.sector.known_days import EDGES
from bavn.psi.field import Plane
from bavn.psi.reconstruct import Engine, Members, TableOf, Xs, part_groups, parts_of
from bavn.psi.round import RoundParams
from bavn.psi.slots import SlotMap

Buckets = npt.NDArray[np.uint8]
_HALF: Final = 4
_LOW: Final = np.uint8(0x0F)


def answer_bytes(params: RoundParams) -> int:
    """Exactly this for each actor, whatever anybody holds: half a byte a cell, each table in whole bytes."""
    return params.r * ceil(params.bins / 2)


# --- at the centre ----------------------------------------------------------------------------------------------------


def answers(
    params: RoundParams, xs: Xs, group_of: Mapping[int, str], table_of: TableOf, engine: Engine = "auto"
) -> dict[int, bytes]:
    """Everybody's answer, by x. ``xs`` ascending; ``group_of``: who counts once. One table of planes is in memory at a
    time (reconstruct.TableOf) and all answers are. ValueError for another threshold than the commons'."""
    tables = [table_answers(params, xs, group_of, table, table_of(table), engine) for table in range(params.r)]
    return {x: b"".join(parts) for x, parts in zip(xs, zip(*tables, strict=True), strict=True)}


def table_answers(
    params: RoundParams, xs: Xs, group_of: Mapping[int, str], table: int, planes: Plane, engine: Engine = "auto"
) -> list[bytes]:
    """One table's part of everybody's answer, in the order of ``xs``. ``planes``: uint32 [2, n, bins]. ValueError as
    :func:`answers`."""
    if params.t != EDGES[0]:
        raise ValueError(f"the commons begin at {EDGES[0]}, not at {params.t}")
    count = _counting([group_of[x] for x in xs])
    cells: Buckets = np.zeros((len(xs), params.bins), dtype=np.uint8)
    for bins, members in _all_groups(params, xs, table, planes, engine):
        group, row = np.nonzero(members)
        cells[row, bins[group]] = np.searchsorted(EDGES, count(members), side="right").astype(np.uint8)[group]
    return [_pack(mine) for mine in cells]


def _all_groups(
    params: RoundParams, xs: Xs, table: int, planes: Plane, engine: Engine
) -> Iterator[tuple[npt.NDArray[np.int64], Members]]:
    if len(xs) < params.t:
        return
    for part in parts_of(params, table):
        yield from part_groups(params, xs, part, planes[:, :, part.first : part.last], engine)


def _counting(names: Sequence[str]) -> Callable[[Members], npt.NDArray[np.int64]]:
    """How many groups the members of each row are of: bool [g, n] -> int64 [g]."""
    known = sorted(set(names))
    if len(known) == len(names):
        return lambda members: members.sum(axis=1)
    belongs = np.array([[name == one for one in known] for name in names], dtype=np.float32)
    return lambda members: (members.astype(np.float32) @ belongs > 0).sum(axis=1)


def _pack(cells: Buckets) -> bytes:
    even = np.zeros(2 * ceil(len(cells) / 2), dtype=np.uint8)
    even[: len(cells)] = cells
    return (even[::2] << _HALF | even[1::2]).tobytes()


# --- at an actor ------------------------------------------------------------------------------------------------------


def read_answer(params: RoundParams, raw: bytes, slots: SlotMap, elements: int) -> Buckets | Refused:
    """The bucket of each of ``elements`` that the share was generated from, in their order: the highest of its cells,
    since every table leaves some holders out and none counts one too many. Or why not: ``answer_length``,
    ``answer_value``. Whatever the bytes, this raises nothing.
    """
    if len(raw) != answer_bytes(params):
        return Refused(
            "answer_length", "{bytes} bytes where the round has {most}", bytes=len(raw), most=answer_bytes(params)
        )
    cells = _unpack(params, raw)
    if int(cells.max()) > len(EDGES) or cells[:, params.bins :].any():
        return Refused("answer_value", "no such bucket")
    buckets: Buckets = np.zeros(elements, dtype=np.uint8)
    np.maximum.at(buckets, slots.elements, cells[:, : params.bins].reshape(-1)[slots.codes])
    return buckets


def cells_of(params: RoundParams, raw: bytes, slots: SlotMap, element: int) -> frozenset[int]:
    """All that an answer which read_answer has read says of one element: of the canary every cell of every table says
    the same, since nothing is ever in its way."""
    codes = slots.codes[slots.elements == element]
    return frozenset(_unpack(params, raw)[:, : params.bins].reshape(-1)[codes].tolist())


def _unpack(params: RoundParams, raw: bytes) -> Buckets:
    halves = np.frombuffer(raw, dtype=np.uint8).reshape(params.r, -1)
    cells: Buckets = np.empty((params.r, 2 * halves.shape[1]), dtype=np.uint8)
    cells[:, ::2], cells[:, 1::2] = halves >> _HALF, halves & _LOW
    return cells


def planes_by_table(planes_by_x: Mapping[int, Plane]) -> TableOf:
    """Planes that are all at hand, uint32 [2, r, bins] by x, as a TableOf."""
    xs = sorted(planes_by_x)
    return lambda table: np.stack([planes_by_x[x][:, table] for x in xs], axis=1)
