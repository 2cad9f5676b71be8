"""The reference of reconstruction in NumPy and plain integers, for any t: what the compiled kernels must equal.

t cells lie on one polynomial of degree t-2 iff, with t-2 actors fixed, the divided difference of order t-2 with a
further actor is the same for two of them (PSI.md, change 1). Refuses to know tables, holders and rounds: it sees
rows of values, one row an actor.
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt

from bavn.psi.field import P, Plane, Words, reduce

Flags = npt.NDArray[np.bool_]
Groups = tuple[npt.NDArray[np.int64], Flags]
"""For each group its bin, int64 [g], and which rows are its members, bool [g, n]."""
_P = np.uint64(P)


def screen(a: Plane, inverse: Plane, t: int) -> Flags:
    """Bins in which t of the n actors may agree, by coordinate a alone. ``a``: [n, bins]; returns bool [bins]."""
    flags = np.zeros(a.shape[1], dtype=bool)
    _descend(a.astype(np.uint64), inverse.astype(np.uint64), t - 2, 0, flags)
    return flags


def _descend(d: Words, inverse: Words, levels: int, first: int, flags: Flags) -> None:
    """``d``: [n, bins], divided differences so far; rows before ``first`` are used up."""
    if levels == 0:
        for j, k in combinations(range(first, len(d)), 2):
            flags |= d[j] == d[k]
        return
    for i in range(first, len(d) - levels - 1):
        deeper = np.zeros_like(d)
        deeper[i + 1 :] = reduce((d[i + 1 :] + (_P - d[i])) * inverse[i, i + 1 :, None])
        _descend(deeper, inverse, levels - 1, i + 1, flags)


def groups(a: Plane, b: Plane, inverse: Plane, t: int) -> Groups:
    """Exact: bin and members of every element that t or more share, in order of bin. Elements that share a bin are
    found one after the other.

    ``a``, ``b``: [n, bins], only bins that the screen flagged.
    """
    where: list[int] = []
    groups_of_rows: list[tuple[int, ...]] = []
    inverses = inverse.tolist()
    for at, (column_a, column_b) in enumerate(zip(a.T.tolist(), b.T.tolist(), strict=True)):
        left = list(range(len(column_a)))
        while (members := _agreeing(left, list(zip(column_a, column_b, strict=True)), inverses, t)) is not None:
            where.append(at)
            groups_of_rows.append(members)
            left = [row for row in left if row not in members]
    members_of = np.zeros((len(groups_of_rows), len(a)), dtype=np.bool_)
    for mine, members in zip(members_of, groups_of_rows, strict=True):
        mine[list(members)] = True
    return np.array(where, dtype=np.int64), members_of


def _agreeing(
    left: list[int], points: list[tuple[int, int]], inverse: list[list[int]], t: int
) -> tuple[int, ...] | None:
    """The first group of t or more among ``left``, extended to all its members. Fixed actors in ascending order: so
    the first t-2 members are what is fixed when a group is met first, and all others come after."""
    for fixed in combinations(left, t - 2):
        later = [row for row in left if not fixed or row > fixed[-1]]
        by_value: dict[tuple[int, ...], list[int]] = {}
        for row in later:
            value = tuple(_difference([*fixed, row], points, inverse, coordinate) for coordinate in (0, 1))
            by_value.setdefault(value, []).append(row)
        agreeing = [rows for rows in by_value.values() if len(rows) >= 2]
        if agreeing:
            return (*fixed, *min(agreeing))
    return None


def _difference(rows: list[int], points: list[tuple[int, int]], inverse: list[list[int]], coordinate: int) -> int:
    """Newton's divided difference over ``rows``."""
    values = [points[row][coordinate] for row in rows]
    for level in range(1, len(rows)):
        base = values[level - 1]
        values[level:] = [
            (value - base) * inverse[rows[level - 1]][row] % P
            for value, row in zip(values[level:], rows[level:], strict=True)
        ]
    return values[-1]
