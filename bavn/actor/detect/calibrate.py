"""From a statistic to a p-value: the rank among the actor's own candidates, or among the shipped reference's.

A rank among n candidates cannot go below 1/(n+1). With fewer than OWN_MIN own candidates the reference, measured on
benign traffic by bench/reference.py, stands in for those that are missing: a small actor is not silent for ever.
Ties count as larger: a p-value is never too small for want of resolution. Refuses to know what a statistic means.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from math import asinh, exp, sinh
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from bavn.model.suspicion import PSource

OWN_MIN: Final = 1000
BLEND_MIN: Final = 30
"""With fewer own candidates than this (a short capture) their rank says nothing: the reference alone."""
P_MIN: Final = 1e-4
STEPS_PER_UNIT: Final = 50

Statistics = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """How many candidates had which statistic, in steps of about 2 %: what a node keeps of a day, bounded."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, statistics: Iterable[float]) -> Self:
        return cls(dict(sorted(Counter(step_of(value) for value in statistics).items())))

    def __add__(self, other: "Tally") -> "Tally":
        merged = Counter(self.counts)
        merged.update(other.counts)
        return Tally(dict(sorted(merged.items())))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def at_least(self, statistic: float) -> int:
        """How many were in the same step or above."""
        step = step_of(statistic)
        return sum(count for at, count in self.counts.items() if at >= step)


def step_of(statistic: float) -> int:
    """The step that holds a statistic; steps widen with it (asinh), so that a tally stays small."""
    return int(np.floor(asinh(float(statistic)) * STEPS_PER_UNIT))


def least_of(step: int) -> float:
    """The smallest statistic of a step."""
    return sinh(step / STEPS_PER_UNIT)


@dataclass(frozen=True, slots=True)
class Survival:
    """A reference table: ``share`` of benign candidates have a statistic of at least ``level``. Levels ascend, shares
    fall. Beyond the last level the share falls by ``rate`` per unit, fitted to the largest benign ones."""

    count: int
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    rate: float

    def at_least(self, statistic: float) -> float:
        """The share of benign candidates this large or larger, in [P_MIN, 1]."""
        place = int(np.searchsorted(self.levels, statistic, "right")) - 1
        if place < 0:
            return 1.0
        last = len(self.levels) - 1
        share = self.shares[place]
        if place == last:
            share *= exp(-self.rate * max(0.0, statistic - self.levels[last]))
        return max(P_MIN, min(1.0, share))


@dataclass(frozen=True)
class Reference:
    """A survival table for each population."""

    tables: Mapping[str, Survival]

    def at_least(self, population: str, statistic: float) -> float:
        """1 for a population that was never measured: then only own candidates can tell."""
        table = self.tables.get(population)
        return table.at_least(statistic) if table else 1.0


NO_REFERENCE: Final = Reference({})


def survival(statistics: Statistics) -> Survival:
    """The table of a benign sample: every level at which the share changes by more than about 5 %, the tail's rate by
    the mean excess over the ninth decile. Shares are (1 + number at least) / (1 + n): never 0."""
    values = np.sort(np.round(np.asarray(statistics, float), 4))
    count = len(values)
    if not count:
        raise ValueError("a reference needs benign candidates")
    levels: list[float] = []
    shares: list[float] = []
    for level in np.unique(values):
        share = (1 + count - int(np.searchsorted(values, level, "left"))) / (1 + count)
        if not shares or share < 0.95 * shares[-1] or level == values[-1]:
            levels.append(round(float(level), 4))
            shares.append(round(share, 6))
    base = float(np.quantile(values, 0.9))
    excess = float(np.mean(values[values >= base] - base))
    return Survival(count, tuple(levels), tuple(shares), round(1 / max(excess, 0.05), 4))


def p_value(statistic: float, own: Tally, population: str, reference: Reference) -> tuple[float, PSource]:
    """The p-value in (0, 1] and where it comes from. ``own`` holds the candidate itself."""
    count = own.total
    expected = reference.at_least(population, statistic)
    if count < BLEND_MIN:
        return expected, "reference"
    rank = max(1, own.at_least(statistic))
    if count >= OWN_MIN:
        return min(1.0, max(P_MIN, rank / count)), "own"
    return min(1.0, max(P_MIN, (rank + (OWN_MIN - count) * expected) / OWN_MIN)), "blend"


def from_json(text: str) -> Reference:
    """A reference from its file. ValueError for what is none."""
    tables = json.loads(text)
    return Reference(
        {
            name: Survival(table["count"], tuple(table["levels"]), tuple(table["shares"]), table["rate"])
            for name, table in tables["populations"].items()
        }
    )


def to_json(reference: Reference, note: str) -> str:
    """The file's text, the same for the same reference."""
    populations = {
        name: {"count": table.count, "rate": table.rate, "levels": table.levels, "shares": table.shares}
        for name, table in sorted(reference.tables.items())
    }
    return json.dumps({"note": note, "populations": populations}, separators=(",", ":")) + "\n"


@lru_cache(maxsize=1)
def shipped() -> Reference:
    """The reference that comes with Bavn."""
    return from_json(files("bavn.actor.detect").joinpath("reference.json").read_text(encoding="utf-8"))
