"""Arithmetic in GF(p), p = 2**31 - 1, over NumPy arrays of uint64 (values below p) or uint32 (planes)."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

P: Final = 2**31 - 1
Words = npt.NDArray[np.uint64]
Plane = npt.NDArray[np.uint32]
_P = np.uint64(P)
_SHIFT = np.uint64(31)


def reduce(values: Words) -> Words:
    """Any uint64 values mod p: 2**31 = 1 in this field, so the three 31-bit digits add up."""
    folded = (values & _P) + (values >> _SHIFT)
    folded = (folded & _P) + (folded >> _SHIFT)
    return np.where(folded >= _P, folded - _P, folded)


def horner(coefficients: Words, x: int) -> Words:
    """The polynomials whose coefficients below p, lowest degree first, run along the first axis, at ``x``."""
    total: Words = coefficients[-1]
    for lower in coefficients[-2::-1]:
        total = reduce(total * np.uint64(x) + lower)
    return total


@lru_cache(maxsize=8)
def inverse_differences(xs: tuple[int, ...]) -> Plane:
    """inv[i, j] = 1 / (xs[j] - xs[i]) mod p, shape [n, n], zero on the diagonal; read-only. By Fermat: v**(p-2)."""
    values = np.array(xs, dtype=np.uint64)
    power = reduce(values[None, :] + (_P - values[:, None]))
    inverse = np.ones_like(power)
    exponent = P - 2
    while exponent:
        if exponent & 1:
            inverse = reduce(inverse * power)
        power = reduce(power * power)
        exponent >>= 1
    made = inverse.astype(np.uint32)
    made.setflags(write=False)
    return made


def valid_x(x: int) -> bool:
    """An actor's x is 1..p-1: at 0 a cell would be the bare first coefficient, whatever the degree (PSI.md)."""
    return 0 < x < P
