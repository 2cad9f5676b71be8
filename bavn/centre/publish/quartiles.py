"""The sector's quartiles under differential privacy: actors counted by step, with noise, and what can be read of that.

One group of actors is one unit: worlds that differ in one group, by all its values, by any, or by its being there, are
neighbours. A group stands in one step of a measure at most, so that a neighbour moves at most two numbers of it by one.
All measures are drawn at once, under one epsilon. Refuses to see a name: it is given values, group by group.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Final

from bavn.centre.publish.measures import MEASURES, STEPS, Measure
from bavn.model.ports import Noise

GROUPS_MIN: Final = 8
"""Of fewer nothing is released, nor shown of a measure that fewer seem to have: a quartile would rest on one group."""
EPSILON: Final = 6.0
"""Of a month's release, all measures together: 1.0 for each."""
MOVED_MAX: Final = 2
"""Numbers of one measure that one group changes, by one each: out of one step, into another."""
SENSITIVITY: Final = MOVED_MAX * len(MEASURES)
SURE: Final = 1.6449
"""Standard deviations that 5 % of noise exceeds on one side: a quartile lies in its interval with about 90 %."""
QUARTERS: Final = (0.25, 0.5, 0.75)

Values = Mapping[str, float | None]
"""measure -> value; left out or None where there is none."""


@dataclass(frozen=True, slots=True)
class Within:
    """Steps ``first`` to ``last`` (both included) in which a quartile lies with about 90 %."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Of one measure: the lower quartile, the median, the upper one; None where too few seem to have it. ``row``: the
    noisy number of groups in each step; ``deviation``: of the noise of one."""

    measure: str
    within: tuple[Within, Within, Within] | None
    row: tuple[int, ...]
    deviation: float

    def lower(self, step: int) -> tuple[int, int]:
        """Between how many per cent of the groups stand below this step, 0..STEPS, with about 90 %."""
        below, beyond = sum(self.row[:step]), sum(self.row[step:])
        fits = [
            abs((100 - p) * below - p * beyond) - 100 * SURE * self.deviation * _spread(p / 100, step, len(self.row))
            for p in range(101)
        ]
        near = [p for p, off in enumerate(fits) if off <= 0] or [fits.index(min(fits))]
        return near[0], near[-1]


def of_groups(actors: Iterable[tuple[str, Values]]) -> list[Values]:
    """(group, values) of each actor -> one of each group: the median of its actors, in the order of the groups."""
    by_group: dict[str, list[Values]] = {}
    for group, values in actors:
        by_group.setdefault(group, []).append(values)
    return [{measure.id: _middle(measure, by_group[group]) for measure in MEASURES} for group in sorted(by_group)]


def counted(groups: Sequence[Values]) -> list[int]:
    """How many groups stand in each step of each measure, measure by measure: what noise is added to, and all that is
    ever made of values. Each is cut to its measure's bounds first."""
    cells = [0] * (STEPS * len(MEASURES))
    for values in groups:
        for at, measure in enumerate(MEASURES):
            value = measure.clamped(values.get(measure.id))
            if value is not None:
                cells[at * STEPS + measure.step(value)] += 1
    return cells


def drawn(groups: Sequence[Values], noise: Noise) -> list[int]:
    """The same with noise, for EPSILON. ValueError for fewer groups than GROUPS_MIN; raises NoiseDown."""
    if len(groups) < GROUPS_MIN:
        raise ValueError(f"quartiles are of {GROUPS_MIN} groups of actors or more, not of {len(groups)}")
    return noise(counted(groups), SENSITIVITY, EPSILON)


def quartiles(cells: Sequence[int], deviation: float) -> tuple[Quartiles, ...]:
    """What noisy numbers say, measure by measure; ``deviation``: of the noise of one. ValueError for another length."""
    if len(cells) != STEPS * len(MEASURES):
        raise ValueError("a release has one number for each step of each measure")
    return tuple(
        Quartiles(measure.id, _three(row, deviation), row, deviation)
        for at, measure in enumerate(MEASURES)
        if (row := tuple(cells[at * STEPS : (at + 1) * STEPS]))
    )


def _middle(measure: Measure, actors: Sequence[Values]) -> float | None:
    known = [value for one in actors if (value := measure.clamped(one.get(measure.id))) is not None]
    return median(known) if known else None


def _three(row: Sequence[int], deviation: float) -> tuple[Within, Within, Within] | None:
    if sum(row) < GROUPS_MIN:
        return None
    low, middle, high = (_within(row, quarter, deviation) for quarter in QUARTERS)
    return low, middle, high


def _within(row: Sequence[int], quarter: float, deviation: float) -> Within:
    """The true quartile lies in the first step where (1 - quarter) of those up to it reach quarter of those beyond. Too
    high or too low each needs that balance at one step to be off by SURE of its own standard deviations."""
    first, last = len(row) - 1, len(row) - 1
    for step in range(len(row) - 2, -1, -1):
        up_to, beyond = sum(row[: step + 1]), sum(row[step + 1 :])
        balance = (1 - quarter) * up_to - quarter * beyond
        off = SURE * deviation * _spread(quarter, step + 1, len(row))
        if balance + off >= 0:
            first = step
        if balance - off >= 0 and last == step + 1:
            last = step
    return Within(first, max(first, last))


def _spread(share: float, below: int, steps: int) -> float:
    """Deviation of (1 - share) times the noise of so many steps less share times that of the others, for noise of 1."""
    return sqrt((1 - share) ** 2 * below + share**2 * (steps - below))
