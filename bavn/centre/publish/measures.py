"""What actors are measured by, each with its bounds and steps: fixed, so that neither ever tells anything of the data.

A value below or above the bounds is taken for the bound; what is told of the sector is how many are in which step.
Refuses to know where a value comes from.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import isnan
from typing import Final

from bavn.centre.publish.wording import part, whole
from bavn.model.text import Text

VOCABULARY: Final = 1
"""Counts up when a measure, a bound or an edge is another: releases of different ones are not compared."""
STEPS: Final = 8
"""Of each measure. More steps are more noise in a quartile, fewer a coarser one."""
_SHARES: Final = (25.0, 50.0, 70.0, 80.0, 90.0, 95.0, 99.0)
_MINUTES_IN: Final = (
    (1440.0, Text.in_context("centre publish measures", "days")),
    (60.0, Text("hours")),
    (1.0, Text("min")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """``low``, ``high``: the bounds of a value; ``edges``: where each step but the first begins, ascending; ``unit``:
    minutes, percent or machines. ``query``: the command that shows what an actor's own value is made of."""

    id: str
    says: Text
    unit: str
    low: float
    high: float
    edges: tuple[float, ...]
    query: str

    def __post_init__(self) -> None:
        ascending = list(self.edges) == sorted(set(self.edges))
        if len(self.edges) != STEPS - 1 or not ascending or not self.low < self.edges[0] <= self.edges[-1] < self.high:
            raise ValueError(f"{self.id}: {STEPS - 1} edges, ascending, between the bounds")

    def clamped(self, value: float | None) -> float | None:
        """Within the bounds; None for what is not known or no number."""
        return None if value is None or isnan(value) else min(self.high, max(self.low, float(value)))

    def step(self, value: float) -> int:
        """The step that a value within the bounds lies in, 0..STEPS-1."""
        return bisect_right(self.edges, value)

    def shown(self, value: float) -> Text:
        """A value in words."""
        if self.unit == "percent":
            said = part(value)
            return Text.shaped("{said} %", said=said)
        return _time(value) if self.unit == "minutes" else part(value)

    def between(self, first: int, last: int) -> Text:
        """The steps ``first`` to ``last``, both included, in words. A first or last step of all has one end only."""
        if first == 0 and last == STEPS - 1:
            return Text("hidden by noise")
        low, high = self._edge(first), self._edge(last + 1)
        if first == 0:
            return Text("below {high}", high=high)
        if last == STEPS - 1:
            return Text("{low} or more", low=low)
        if low.en.partition(" ")[2] == high.en.partition(" ")[2]:
            number = Text.written(low.en.partition(" ")[0], da=low.da.partition(" ")[0])
            return Text.shaped("{number}-{high}", number=number, high=high)
        return Text("{low} to {high}", low=low, high=high)

    def _edge(self, step: int) -> Text:
        edge = self.edges[min(max(step, 1), STEPS - 1) - 1]
        if self.unit == "minutes":
            return _time(edge)
        said = whole(round(edge))
        return Text.shaped("{said} %", said=said) if self.unit == "percent" else said


def _time(minutes: float) -> Text:
    size, unit = next((one for one in _MINUTES_IN if minutes >= 2 * one[0]), _MINUTES_IN[-1])
    number = minutes / size
    said = whole(round(number)) if number == round(number) else part(number)
    return Text.shaped("{said} {unit}", said=said, unit=unit)


MEASURES: Final = (
    Measure(
        id="block",
        says=Text("From given an indicator to in force, median"),
        unit="minutes",
        low=0,
        high=10_080,
        edges=(5, 15, 30, 60, 240, 720, 2880),
        query="bavn centre indicators",
    ),
    Measure(
        id="enforced",
        says=Text("Indicators given that came into force"),
        unit="percent",
        low=0,
        high=100,
        edges=_SHARES,
        query="bavn centre indicators",
    ),
    Measure(
        id="deadlines",
        says=Text("Deadlines kept: questions, tasks, warnings"),
        unit="percent",
        low=0,
        high=100,
        edges=_SHARES,
        query="bavn centre tasks",
    ),
    Measure(
        id="canary",
        says=Text("Days with a whole chain, of the last 28"),
        unit="percent",
        low=0,
        high=100,
        edges=_SHARES,
        query="bavn centre canaries",
    ),
    Measure(
        id="coverage",
        says=Text("Techniques that could be seen there"),
        unit="percent",
        low=0,
        high=100,
        edges=(10, 25, 40, 55, 70, 85, 99),
        query="bavn centre coverage",
    ),
    Measure(
        id="suspected",
        says=Text("Own machines suspected a day, with noise"),
        unit="machines",
        low=0,
        high=3000,
        edges=(3, 10, 20, 50, 100, 300, 1000),
        query="bavn node ledger",
    ),
)
"""Post-quantum handshakes are none of them: nothing tells the centre of an actor's."""
