"""The published way to reconstruct, written out plainly: every combination of t actors, Lagrange interpolation at 0.

What `bavn bench psi` measures against (Mahdavi et al., ACSAC 2020; Arpaci et al., NSDI 2026): one cell in
GF(2**61 - 1) for each bin, C(N, t) combinations, t multiplications each, compiled as ours is. Refuses to be used for a
round: its elements are made up here.
"""

import time
from itertools import combinations
from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from bavn.traffic.dice import SeededDice

P61: Final = 2**61 - 1
BLOCK_BINS: Final = 512
PLANTED_BIN: Final = 7


@intrinsic
def _product_halves(_typing_context: Any, _a: Any, _b: Any) -> Any:
    """(low, high) words of the 128-bit product, one machine instruction as in the C it is compared with."""

    def generate_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        low = builder.trunc(product, ir.IntType(64))
        high = builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))
        return context.make_tuple(builder, signature.return_type, (low, high))

    pair: Any = numba.types.UniTuple(numba.uint64, 2)  # type: ignore[no-untyped-call]
    return pair(numba.uint64, numba.uint64), generate_code


_halves: Any = _product_halves  # numba gives it another signature than it is written with


@numba.njit("uint64(uint64, uint64)")
def _multiply(a: Any, b: Any) -> Any:
    low, high = _halves(a, b)
    total = (low & np.uint64(P61)) + (low >> np.uint64(61) | high << np.uint64(3))
    return min(total, total - np.uint64(P61))


@numba.njit("void(uint64[:,::1], int64[:,::1], uint64[:,::1], boolean[::1])")
def _combine(values: Any, rows: Any, weights: Any, flags: Any) -> None:
    """flags[bin] for each bin in which a combination's secret at x=0 is 0. values [n, bins], rows/weights [C, t]."""
    for c in range(rows.shape[0]):
        for at in range(values.shape[1]):
            total = np.uint64(0)
            for k in range(rows.shape[1]):
                total += _multiply(values[rows[c, k], at], weights[c, k])
                total = min(total, total - np.uint64(P61))
            flags[at] |= total == 0


def published_cpu_s(n: int, t: int, bins: int, part: float) -> float:
    """CPU seconds for ``bins`` bins of n actors: ``part`` of them are done, the rest extrapolated. One element of
    exactly t actors is planted; ArithmeticError if it is not all that is found."""
    blocks = max(1, round(bins * part / BLOCK_BINS))
    rows = np.array(list(combinations(range(n), t)), dtype=np.int64)
    weights = np.array([_lagrange_at_0(tuple(int(i) + 1 for i in row)) for row in rows], dtype=np.uint64)
    drawn = np.frombuffer(SeededDice(1, "published").bytes(8 * n * BLOCK_BINS), dtype=np.uint64)
    values = np.ascontiguousarray((drawn % np.uint64(P61)).reshape(n, BLOCK_BINS))
    slopes = [3_141_592_653 * (k + 1) for k in range(t - 1)]
    for row in range(t):
        values[row, PLANTED_BIN] = sum(slope * (row + 1) ** (k + 1) for k, slope in enumerate(slopes)) % P61
    flags = np.zeros(BLOCK_BINS, dtype=bool)
    begun = time.thread_time()
    for _ in range(blocks):
        _combine(values, rows, weights, flags)
    spent = time.thread_time() - begun
    if np.flatnonzero(flags).tolist() != [PLANTED_BIN]:
        raise ArithmeticError("the baseline does not find what it must: its figure would be worth nothing")
    return spent * bins / (blocks * BLOCK_BINS)


def _lagrange_at_0(xs: tuple[int, ...]) -> list[int]:
    weights = []
    for i, xi in enumerate(xs):
        above, below = 1, 1
        for j, xj in enumerate(xs):
            if i != j:
                above, below = above * -xj % P61, below * (xi - xj) % P61
        weights.append(above * pow(below, -1, P61) % P61)
    return weights
