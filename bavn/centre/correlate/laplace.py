"""What the sum of many actors' noise may be: its spread, and the interval in which the true sum lies.

Each actor adds discrete Laplace noise of scale b = 1 / epsilon: P(k) = (1-q)/(1+q) * q^|k| with q = exp(-epsilon).
The interval is exact, by convolution; no bell curve is assumed. Refuses to know what was counted.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from math import ceil, exp, log, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

TAIL: Final = 1e-6
"""Probability beyond what is looked at, of each actor's noise."""
WIDE_MAX: Final = 2_000_000


def spread(epsilons: Iterable[float]) -> float:
    """Standard deviation of the sum of one noise for each epsilon."""
    return sqrt(sum(2 * exp(-e) / (1 - exp(-e)) ** 2 for e in epsilons))


def half_interval(epsilons: Iterable[float], level: float = 0.95) -> int:
    """The least h such that the sum of the noises lies within [-h, h] with at least this probability; 0 for none.
    Where the exact sum would be too wide to hold, Chernoff's bound, which is never less (each noise's log-mgf is at
    most 1.2 * variance * s**2 / 2 for s up to half its epsilon)."""
    return _half(tuple(sorted(Counter(round(e, 9) for e in epsilons).items())), level)


@lru_cache(maxsize=256)
def _half(counted: tuple[tuple[float, int], ...], level: float) -> int:
    if not counted:
        return 0
    each = [epsilon for epsilon, n in counted for _ in range(n)]
    wide = ceil(10 * spread(each)) + max(ceil(log(n / TAIL) / epsilon) for epsilon, n in counted)
    if wide > WIDE_MAX:
        return ceil(spread(each) * sqrt(2.4 * log(2 / (1 - level))))
    size = 1 << (2 * wide + 1).bit_length()
    total: npt.NDArray[np.complex128] = np.ones(size // 2 + 1, dtype=np.complex128)
    steps = np.minimum(np.arange(size), size - np.arange(size))
    for epsilon, n in counted:
        q = exp(-epsilon)
        total *= np.fft.rfft((1 - q) / (1 + q) * np.power(q, steps)) ** n
    law = np.fft.irfft(total, size)
    if law[0] >= level:
        return 0
    return int(np.searchsorted(law[0] + 2 * np.cumsum(law[1 : size // 2]), level)) + 1
