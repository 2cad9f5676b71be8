"""The compiled engine of reconstruction: the same answers as screen.py, 64 bins side by side.

Importing this module compiles it, or loads what an earlier import left in the cache; nobody imports it but
reconstruct.py, and only for rounds that are large enough. Refuses to know anything but numbers.

The screen keeps one array of divided differences a level, [n, 64] words each, and walks the fixed actors depth first.
Where all levels are spent, it folds min(acc, d[j] ^ d[k]) over all pairs: zero iff some pair is equal. Rows are taken
four by four, so that a word is compared with four others each time it is loaded.
"""

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from bavn.psi.field import P, Plane

LANES: Final = 64
MANY: Final = 24
"""Of more than so many values a table finds an equal pair sooner than comparing them all."""
_P32 = np.uint32(P)
_P64 = np.uint64(P)
_SHIFT = np.uint64(31)
_FAR = np.uint32(0xFFFFFFFF)
_ROW, _ROWS, _MASK = "uint32[::1]", "uint32[:,::1]", "boolean[::1]"


def _compiled(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: compile now, and keep the result if there is a place to keep it."""

    def compile_now(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(signature, cache=True, nogil=True)(function)
        except RuntimeError:  # neither the package's directory nor the user's cache can be written
            return numba.njit(signature, nogil=True)(function)

    return compile_now


@_compiled("uint32(uint32, uint32, uint32)")
def _times(later: Any, earlier: Any, factor: Any) -> Any:
    """(later - earlier) * factor mod p, all below p; wrap-around instead of branches."""
    difference = np.uint32(later - earlier)
    difference = min(difference, np.uint32(difference + _P32))
    product = np.uint64(difference) * np.uint64(factor)
    total = np.uint32((product & _P64) + (product >> _SHIFT))
    return min(total, np.uint32(total - _P32))


@_compiled("uint32(uint32, uint32, uint32, uint32, uint32)")
def _nearest(p: Any, x: Any, y: Any, z: Any, w: Any) -> Any:
    """Zero iff p equals one of four."""
    return min(p ^ x, p ^ y, p ^ z, p ^ w)


@_compiled(f"void({_ROWS}, {_ROWS}, int64, {_ROWS})")
def _deepen(d: Any, deeper: Any, i: Any, inverse: Any) -> None:
    """deeper[k] = (d[k] - d[i]) * inverse[i, k] for all later rows k."""
    for k in range(i + 1, d.shape[0]):
        factor = inverse[i, k]
        for index in range(LANES):
            deeper[k, index] = _times(d[k, index], d[i, index], factor)


@_compiled(f"void({_ROWS}, int64, {_ROW})")
def _fold(d: Any, first: Any, acc: Any) -> None:
    """acc = min(acc, d[j] ^ d[k]) over all first <= j < k, four rows j at a time."""
    n = d.shape[0]
    j = first
    while j + 3 < n:
        for index in range(LANES):
            x, y, z, w = d[j, index], d[j + 1, index], d[j + 2, index], d[j + 3, index]
            acc[index] = min(acc[index], _nearest(x, y, z, w, w), y ^ z, y ^ w, z ^ w)
        k = j + 4
        while k + 3 < n:
            for index in range(LANES):
                x, y, z, w = d[j, index], d[j + 1, index], d[j + 2, index], d[j + 3, index]
                near = min(_nearest(d[k, index], x, y, z, w), _nearest(d[k + 1, index], x, y, z, w))
                far = min(_nearest(d[k + 2, index], x, y, z, w), _nearest(d[k + 3, index], x, y, z, w))
                acc[index] = min(acc[index], near, far)
            k += 4
        while k < n:
            for index in range(LANES):
                near = _nearest(d[k, index], d[j, index], d[j + 1, index], d[j + 2, index], d[j + 3, index])
                acc[index] = min(acc[index], near)
            k += 1
        j += 4
    while j + 1 < n:
        for k in range(j + 1, n):
            for index in range(LANES):
                acc[index] = min(acc[index], d[j, index] ^ d[k, index])
        j += 1


@_compiled(f"void({_ROWS}, {_ROWS}, int64, {_MASK})")
def _screen(a: Any, inverse: Any, t: Any, flags: Any) -> None:
    n, bins = a.shape
    levels = t - 2
    d = np.zeros((levels + 1, n, LANES), dtype=np.uint32)
    acc = np.empty(LANES, dtype=np.uint32)
    fixed = np.zeros(levels + 1, dtype=np.int64)
    for start in range(0, bins, LANES):
        width = min(LANES, bins - start)
        d[0, :, :width] = a[:, start : start + width]
        acc[:] = _FAR
        level = 0
        fixed[0] = -1
        if levels == 0:
            _fold(d[0], 0, acc)
            level = -1
        while level >= 0:
            fixed[level] += 1
            i = fixed[level]
            if i > n - t + level:
                level -= 1
                continue
            _deepen(d[level], d[level + 1], i, inverse)
            if level + 1 == levels:
                _fold(d[levels], i + 1, acc)
            else:
                level += 1
                fixed[level] = i
        for lane in range(width):
            flags[start + lane] = acc[lane] == 0


def screen(a: Plane, inverse: Plane, t: int) -> npt.NDArray[np.bool_]:
    """As screen.screen."""
    flags = np.zeros(a.shape[1], dtype=np.bool_)
    _screen(np.ascontiguousarray(a), inverse.copy(), t, flags)
    return flags


@_compiled(f"void({_ROW}, {_ROW}, int64, int64, int64, {_MASK})")
def _mark_all(a: Any, b: Any, j: Any, first: Any, m: Any, chosen: Any) -> None:
    """Marks all of first..m-1 that equal the j-th in both coordinates."""
    for k in range(first, m):
        if a[k] == a[j] and b[k] == b[j]:
            chosen[k] = True


@_compiled(f"int64({_ROW}, {_ROW}, int64, int64, int64[::1], int64[::1])")
def _first_pair(a: Any, b: Any, first: Any, m: Any, places: Any, turn: Any) -> Any:
    """The first of first..m-1 that equals a later one in both coordinates, or m. A few are compared each with each,
    many through ``places`` by their value; a place holds ``turn * 2**32 + index``, so none need be wiped between."""
    if m - first <= MANY:
        for j in range(first, m - 1):
            for k in range(j + 1, m):
                if a[k] == a[j] and b[k] == b[j]:
                    return j
        return m
    mask = len(places) - 1
    turn[0] += 1
    begun = turn[0] << 32
    best = m
    for k in range(first, m):
        place = np.int64(a[k]) & mask
        while places[place] >= begun:
            j = places[place] - begun
            if a[k] == a[j] and b[k] == b[j]:
                best = min(best, j)
                break
            place = (place + 1) & mask
        if places[place] < begun:
            places[place] = begun + k
    return best


@_compiled(f"boolean({_ROWS}, {_ROWS}, int64[::1], int64, int64, {_ROWS}, int64, {_MASK}, int64[::1], int64[::1])")
def _agreeing(
    a: Any, b: Any, left: Any, m: Any, begin: Any, inverse: Any, t: Any, chosen: Any, places: Any, turn: Any
) -> Any:
    """Marks the first group of t or more among the m actors ``left`` whose first member is at ``begin`` or later.
    ``a``, ``b``: [t - 1, n], values in row 0."""
    levels = t - 2
    if levels == 0:
        j = _first_pair(a[0], b[0], begin, m, places, turn)
        if j < m:
            _mark_all(a[0], b[0], j, j, m, chosen)
        return j < m
    fixed = np.zeros(levels, dtype=np.int64)
    fixed[0] = begin - 1
    level = 0
    while level >= 0:
        fixed[level] += 1
        i = fixed[level]
        if i > m - t + level:
            level -= 1
            continue
        for k in range(i + 1, m):
            factor = inverse[left[i], left[k]]
            a[level + 1, k] = _times(a[level, k], a[level, i], factor)
            b[level + 1, k] = _times(b[level, k], b[level, i], factor)
        if level + 1 < levels:
            level += 1
            fixed[level] = i
            continue
        j = _first_pair(a[levels], b[levels], i + 1, m, places, turn)
        if j < m:
            _mark_all(a[levels], b[levels], j, j, m, chosen)
            for held in fixed:
                chosen[held] = True
            return True
    return False


@_compiled(f"int64({_ROWS}, {_ROWS}, {_ROWS}, int64, int64[::1], boolean[:,::1])")
def _groups(a: Any, b: Any, inverse: Any, t: Any, where: Any, members: Any) -> Any:
    """Fills where[g] = bin and members[g, actor] for each group; returns how many. Members leave, and the rest is
    searched on from the place of the group's first member: nobody before it is in a group."""
    n, bins = a.shape
    differences_a = np.zeros((t - 1, n), dtype=np.uint32)
    differences_b = np.zeros((t - 1, n), dtype=np.uint32)
    left = np.zeros(n, dtype=np.int64)
    chosen = np.zeros(n, dtype=np.bool_)
    size = 4
    while size < 2 * n:
        size *= 2
    places = np.zeros(size, dtype=np.int64)
    turn = np.zeros(1, dtype=np.int64)
    count = 0
    for at in range(bins):
        m = n
        begin = 0
        for row in range(n):
            left[row] = row
        while m - begin >= t:
            chosen[:] = False
            for position in range(m):
                differences_a[0, position] = a[left[position], at]
                differences_b[0, position] = b[left[position], at]
            if not _agreeing(differences_a, differences_b, left, m, begin, inverse, t, chosen, places, turn):
                break
            where[count] = at
            kept = 0
            begin = -1
            for position in range(m):
                if chosen[position]:
                    members[count, left[position]] = True
                    if begin < 0:
                        begin = position
                else:
                    left[kept] = left[position]
                    kept += 1
            m = kept
            count += 1
    return count


def groups(a: Plane, b: Plane, inverse: Plane, t: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """As screen.groups."""
    n, bins = a.shape
    where = np.zeros(bins * (n // t), dtype=np.int64)
    members = np.zeros((len(where), n), dtype=np.bool_)
    count = _groups(np.ascontiguousarray(a), np.ascontiguousarray(b), inverse.copy(), t, where, members)
    return where[:count], members[:count]
