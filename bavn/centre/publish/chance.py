"""Two small questions of chance: has a number changed, and what would the next be if nothing did.

Counts of cases are taken as Poisson. Given their sum, the later of two equally long periods is Bin(n, 1/2) where
nothing changed; the next count after n has the predictive distribution NB(n + 1/2, 1/2) under Jeffreys' prior.
"""

import math
from enum import StrEnum
from typing import Final

P_CHANGE_MAX: Final = 0.1
COUNT_MAX: Final = 100_000


class Trend(StrEnum):
    """``steady``: no change that chance alone would not make as well."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


def trend(before: int, now: int) -> tuple[Trend, float]:
    """The change and its two-sided p: how often two equal periods differ as much where nothing changed. ValueError
    outside 0..COUNT_MAX."""
    if not (0 <= before <= COUNT_MAX and 0 <= now <= COUNT_MAX):
        raise ValueError(f"a count lies in 0..{COUNT_MAX}")
    total, few = before + now, min(before, now)
    tail = sum(math.exp(_log_choose(total, k) - total * math.log(2)) for k in range(few + 1))
    p = min(1.0, 2 * tail)
    if p >= P_CHANGE_MAX:
        return Trend.STEADY, p
    return (Trend.RISING if now > before else Trend.FALLING), p


def next_count(now: int, share: float = 0.8) -> tuple[int, int]:
    """Between what the next count lies with this share, if the rate stays: equal tails. ``share`` in (0, 1)."""
    if not 0 <= now <= COUNT_MAX or not 0 < share < 1:
        raise ValueError(f"a count in 0..{COUNT_MAX}, a share between 0 and 1")
    size, tail, total, k = now + 0.5, (1 - share) / 2, 0.0, 0
    low: int | None = None
    while True:
        total += math.exp(math.lgamma(size + k) - math.lgamma(size) - math.lgamma(k + 1) - (size + k) * math.log(2))
        if low is None and total > tail:
            low = k
        if total >= 1 - tail or k > 4 * COUNT_MAX:
            return low or 0, k
        k += 1


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
