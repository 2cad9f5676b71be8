"""Noise by seed, of the same law as the real one: a discrete Laplace number is the difference of two geometric ones."""

from collections.abc import Sequence
from math import exp, floor, log

from bavn.model.ports import Dice

_UNITS = 2**53


class SeededNoise:
    """Implements Noise (bavn.model.ports). Not for anything real: its seed is known."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def __call__(self, counts: Sequence[int], sensitivity: int, epsilon: float, /) -> list[int]:
        return [
            count + self._geometric(sensitivity, epsilon) - self._geometric(sensitivity, epsilon) for count in counts
        ]

    def _geometric(self, sensitivity: int, epsilon: float) -> int:
        """Failures before a success of probability 1 - exp(-epsilon / sensitivity)."""
        unit = (int.from_bytes(self._dice.bytes(7), "big") % _UNITS + 0.5) / _UNITS
        return floor(log(unit) / log(exp(-epsilon / sensitivity)))
