"""Each actor's own p-values: a candidate's rank among all that the actor's detectors weighed in 28 days.

What was weighed is the sum of the tallies of the captures that the actor was dealt, as often as it was dealt them; the
p-value itself is the product's (detect/calibrate). Refuses to know which candidates are malicious.
"""

from collections.abc import Sequence

import numpy as np

from bavn.actor.detect import calibrate
from bavn.actor.detect.calibrate import Tally, p_value
from bavn_lab.sectorbench.day import Ints
from bavn_lab.sectorbench.detected import CaptureDetections, Glimpse


class Ranks:
    """``copies``: int [actors, looks], how often each actor met each capture."""

    def __init__(self, looks: Sequence[CaptureDetections], copies: Ints) -> None:
        self._reference = calibrate.shipped()
        self._copies = copies
        self._known: dict[tuple[int, str, int, float, str], float] = {}
        self._tallies: dict[tuple[int, str], Tally] = {}
        self._steps: dict[str, Ints] = {}
        self._counts: dict[str, Ints] = {}
        for population in sorted({name for detections in looks for name in detections.tallies}):
            steps = np.array(
                sorted({step for detections in looks for step in detections.tallies.get(population, ())}), np.int64
            )
            counts = np.zeros((len(looks), len(steps)), np.int64)
            for at, detections in enumerate(looks):
                mine = detections.tallies.get(population, {})
                counts[at, np.searchsorted(steps, list(mine))] = list(mine.values())
            self._steps[population], self._counts[population] = steps, counts

    def p(self, actor: int, glimpse: Glimpse, beside: CaptureDetections | None = None) -> float:
        """The p-value of a candidate at an actor, in (0, 1]. ``beside``: what the actor met once and was not dealt: its
        other candidates stand among the actor's own."""
        if glimpse.exact_p is not None:
            return glimpse.exact_p
        step = calibrate.step_of(glimpse.statistic)
        key = (actor, glimpse.population, step, glimpse.p_times, "" if beside is None else beside.name)
        if key not in self._known:
            met = Tally() if beside is None else Tally(dict(beside.tallies.get(glimpse.population, {})))
            if step not in met.counts:
                met += Tally.of([glimpse.statistic])
            own = self._tally(actor, glimpse.population) + met
            p, _ = p_value(glimpse.statistic, own, glimpse.population, self._reference)
            self._known[key] = min(1.0, p * glimpse.p_times)
        return self._known[key]

    def _tally(self, actor: int, population: str) -> Tally:
        key = (actor, population)
        if key not in self._tallies:
            counts: Ints = np.zeros(0, np.int64)
            if population in self._counts:
                counts = self._copies[actor] @ self._counts[population]
            steps = self._steps.get(population, counts)
            self._tallies[key] = Tally({int(s): int(n) for s, n in zip(steps, counts, strict=True) if n})
        return self._tallies[key]
