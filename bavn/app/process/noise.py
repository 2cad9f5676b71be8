"""Noise for differential privacy: discrete Laplace numbers, exact, drawn from the operating system's randomness.

Algorithm 2 of Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy (2020): whole numbers and
fractions alone, so the epsilon that is charged is the epsilon that is kept, to the last digit. OpenDP, which draws by
the same paper, is what it is measured against (tests/app/test_noise.py); it is 276 MB, and a node needs some fifty
numbers a day (docs/decisions/0040-packages-by-role.md).
"""

import secrets
from collections.abc import Callable, Sequence
from fractions import Fraction

from bavn.model.ports import NoiseDown

Below = Callable[[int], int]
"""A uniform whole number from 0 up to, and without, another."""


def discrete_laplace(
    counts: Sequence[int], sensitivity: int, epsilon: float, /, below: Below = secrets.randbelow
) -> list[int]:
    """Implements Noise (bavn.model.ports). Raises NoiseDown where the system gives no randomness; ValueError for an
    epsilon or sensitivity that is none."""
    if sensitivity < 1 or not epsilon > 0:
        raise ValueError(f"no noise for sensitivity {sensitivity} and epsilon {epsilon}")
    scale = sensitivity / Fraction(epsilon)
    try:
        return [int(count) + _laplace(scale, below) for count in counts]
    except OSError as error:
        raise NoiseDown(f"drawing noise failed: {error}") from error


def _laplace(scale: Fraction, below: Below) -> int:
    """Each whole number n with a probability that goes with exp(-|n| / scale)."""
    while True:
        part = below(scale.numerator)
        if not _exp(Fraction(part, scale.numerator), below):
            continue
        wholes = 0
        while _exp(Fraction(1), below):
            wholes += 1
        size = (part + scale.numerator * wholes) // scale.denominator
        negative = below(2) == 1
        if size or not negative:  # nought has one sign, or it came twice as often
            return -size if negative else size


def _exp(x: Fraction, below: Below) -> bool:
    """True with the probability exp(-x), for x from 0 to 1."""
    n = 1
    while below(x.denominator * n) < x.numerator:
        n += 1
    return n % 2 == 1
