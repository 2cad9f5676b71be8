"""Figures with their 95 % bootstrap intervals. Refuses to round anything up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bavn.traffic.dice import SeededDice

RESAMPLES: Final = 1000
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Value:
    """A figure with its 95 % bootstrap interval, over ``n`` campaigns or days. All None where n is 0: nothing was
    measured, which is not the same as nothing found."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def as_json(self) -> dict[str, Any]:
        def short(number: float | None) -> float | None:
            return None if number is None else round(number, 4)

        return {"value": short(self.value), "low": short(self.low), "high": short(self.high), "n": self.n}

    def text(self) -> str:
        """For a reader."""
        if self.value is None or self.low is None or self.high is None:
            return "nothing to measure"
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


NOTHING: Final = Value(None, None, None, 0)


class Bootstrap:
    """Resamples with dice of its own, so that the same data give the same interval whatever else is asked."""

    def __init__(self, seed: int) -> None:
        self._dice = SeededDice(seed, "bootstrap")

    def mean(self, values: Sequence[float]) -> Value:
        return self._of(np.asarray(values, dtype=np.float64), lambda rows: rows.mean(axis=-1))

    def share(self, hits: Sequence[float], families: Sequence[str]) -> Value:
        """The mean over campaigns; whole families are drawn again, since campaigns of one are alike."""
        return self.ratio(hits, [1.0] * len(hits), families)

    def quantile(self, values: Sequence[float], share: float) -> Value:
        return self._of(np.asarray(values, dtype=np.float64), lambda rows: np.quantile(rows, share, axis=-1))

    def ratio(self, above: Sequence[float], below: Sequence[float], families: Sequence[str] | None = None) -> Value:
        """The ratio of two means over the same things, drawn again one by one, or family by family where there is
        more than one."""
        top, bottom = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
        if not len(top) or not bottom.sum():
            return NOTHING
        count = len(top)
        if families is not None and len(set(families)) > 1:
            names = {name: at for at, name in enumerate(sorted(set(families)))}
            family = np.array([names[name] for name in families])
            top, bottom = (np.bincount(family, weights=each, minlength=len(names)) for each in (top, bottom))
        picks = self._picks(len(top))
        sums = bottom[picks].sum(axis=1)
        ratios = top[picks].sum(axis=1)[sums > 0] / sums[sums > 0]
        low, high = np.quantile(ratios, (0.025, 0.975))
        return Value(float(top.sum() / bottom.sum()), float(low), float(high), count)

    def _of(self, values: Numbers, statistic: Callable[[Numbers], Numbers]) -> Value:
        if not len(values):
            return NOTHING
        low, high = np.quantile(statistic(values[self._picks(len(values))]), (0.025, 0.975))
        return Value(float(statistic(values)), float(low), float(high), len(values))

    def _picks(self, count: int) -> npt.NDArray[np.int64]:
        dice = self._dice.fork(str(count))
        return dice.whole(RESAMPLES * count, count).reshape(RESAMPLES, count)
