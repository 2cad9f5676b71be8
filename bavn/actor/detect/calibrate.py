"""From a statistic to a p-value: the rank among the actor's own candidates, or among the shipped reference's.

A rank among n candidates cannot go below 1/(n+1). With fewer than OWN_MIN own candidates the reference, measured on
benign traffic by bench/reference.py, stands in for those that are missing: a small actor is not silent for ever.
Ties count as larger: a p-value is never too small for want of resolution. Refuses to know what a statistic means.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from math import exp
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from bavn.model.suspicion import PSource

OWN_MIN: Final = 1000
BLEND_MIN: Final = 30
"""With fewer own candidates than this (a short capture) their rank says nothing: the reference alone."""
P_MIN: Final = 1e-4
RATE_MAX: Final = 1.0
"""Statistics are in nats: under chance a likelihood ratio of s nats has probability exp(-s) at most (Markov)."""
RATE_DOUBT: Final = 1.645
"""The tail's rate is the lower end of its interval (95 %, one-sided): few candidates promise no steep tail."""
STEPS_PER_UNIT: Final = 200


@dataclass(frozen=True)
class Tally:
    """How many candidates had which statistic, in steps of half a per cent: what a node keeps of a day, bounded."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, statistics: npt.ArrayLike, counts: npt.ArrayLike | None = None) -> Self:
        """Of each statistic one, or as many as ``counts`` says (same length)."""
        values = np.asarray(statistics, float).ravel()
        steps = np.floor(np.arcsinh(values) * STEPS_PER_UNIT).astype(np.int64)
        many = np.ones(len(steps), np.int64) if counts is None else np.asarray(counts, np.int64)
        kinds, place = np.unique(steps, return_inverse=True)
        sums = np.zeros(len(kinds), np.int64)
        np.add.at(sums, place, many)
        return cls({int(kind): int(count) for kind, count in zip(kinds, sums, strict=True) if count})

    def __add__(self, other: "Tally") -> "Tally":
        merged = Counter(self.counts)
        merged.update(other.counts)
        return Tally(dict(sorted(merged.items())))

    def without(self, statistics: npt.ArrayLike) -> "Tally":
        """Less one for each statistic, as far as it holds them."""
        less = Tally.of(statistics).counts
        left = {step: count - less.get(step, 0) for step, count in self.counts.items()}
        return Tally({step: count for step, count in left.items() if count > 0})

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def at_least(self, statistic: float) -> int:
        """How many were in the same step or above."""
        step = step_of(statistic)
        return sum(count for at, count in self.counts.items() if at >= step)


def step_of(statistic: float) -> int:
    """The step that holds a statistic; steps widen with it (asinh), so that a tally stays small."""
    return int(np.floor(np.arcsinh(float(statistic)) * STEPS_PER_UNIT))


def least_of(step: int) -> float:
    """The smallest statistic of a step, or a little below it."""
    return float(np.sinh(step / STEPS_PER_UNIT))


@dataclass(frozen=True, slots=True)
class Survival:
    """A reference table: ``share`` of benign candidates have a statistic of at least ``level``. Levels ascend, shares
    fall. Beyond ``top``, the largest benign statistic, the share falls by ``rate`` per unit, fitted to the largest."""

    count: int
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    rate: float
    top: float

    def at_least(self, statistic: float) -> float:
        """The share of benign candidates this large or larger, in [P_MIN, 1]."""
        place = int(np.searchsorted(self.levels, statistic, "right")) - 1
        if place < 0:
            return 1.0
        share = self.shares[place] * exp(-self.rate * max(0.0, statistic - self.top))
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


def survival(tally: Tally, *, ratio: bool = False) -> Survival:
    """The table of a benign sample: every level at which the share changes by more than about 5 %, the tail's rate by
    the mean excess over the ninth decile, no steeper than so few in the tail can tell. ``ratio``: the statistic is a
    likelihood ratio in nats, whose tail is bounded by what it is. Shares are (1 + number at least) / (1 + n): never 0.
    """
    count = tally.total
    if not count:
        raise ValueError("a reference needs benign candidates")
    steps = np.array(sorted(tally.counts))
    counts = np.array([tally.counts[int(step)] for step in steps])
    values = np.sinh(steps / STEPS_PER_UNIT)
    least = count - np.cumsum(counts) + counts
    levels: list[float] = []
    shares: list[float] = []
    for value, number in zip(values, least, strict=True):
        share = (1 + int(number)) / (1 + count)
        if not shares or share < 0.95 * shares[-1] or value == values[-1]:
            levels.append(float(np.floor(value * 1e4) / 1e4))
            shares.append(round(share, 6))
    base = values[int(np.searchsorted(np.cumsum(counts), 0.9 * count))]
    tail = values >= base
    excess = float((counts[tail] * (values[tail] - base)).sum() / counts[tail].sum())
    top = float(np.ceil(least_of(int(steps[-1]) + 1) * 1e4) / 1e4)
    known = 1.0 if ratio else _least_share(int((counts * (values > base)).sum()))
    rate = known * min(RATE_MAX, 1 / max(excess, 0.05))
    return Survival(count, tuple(levels), tuple(shares), round(rate, 4), top)


def _least_share(tail: int) -> float:
    """The lower end of a rate measured on so many, as a share of it: their excess is Gamma-distributed
    (Wilson and Hilferty, Proc. Natl. Acad. Sci. 1931)."""
    many = max(1, tail)
    return float(max(0.0, 1 - 1 / (9 * many) - RATE_DOUBT / (3 * many**0.5)) ** 3)


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
            name: Survival(table["count"], tuple(table["levels"]), tuple(table["shares"]), table["rate"], table["top"])
            for name, table in tables["populations"].items()
        }
    )


def to_json(reference: Reference, note: str) -> str:
    """The file's text, the same for the same reference."""
    populations = {
        name: {
            "count": table.count,
            "rate": table.rate,
            "top": table.top,
            "levels": table.levels,
            "shares": table.shares,
        }
        for name, table in sorted(reference.tables.items())
    }
    return json.dumps({"note": note, "populations": populations}, separators=(",", ":")) + "\n"


@lru_cache(maxsize=1)
def shipped() -> Reference:
    """The reference that comes with Bavn."""
    return from_json(files("bavn.actor.detect").joinpath("reference.json").read_text(encoding="utf-8"))
