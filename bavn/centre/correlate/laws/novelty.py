"""What it says that an element is new in the sector: measured, since much that is harmless is new as well.

An element is new where the second group first saw it few days ago. A campaign's mostly is; what share of the harmless
is new is measured each day on what rounds reveal, for each detector by itself: one that tells of nothing but new peers
makes everything new that it tells of, and then newness says nothing. The highest share among the detectors that
report an element holds, so that a report more never makes an element look newer. Being new never speaks against an
element, being old never for it. Refuses to know actors and values.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import log
from typing import Final

from bavn.centre.correlate.sharing import Fit

NEW_CAMPAIGN: Final = 0.6
"""Share of campaigns whose names are new when two groups have met them. Source: SCORING.md."""
Q_START: Final = 0.05
"""Share of harmless elements that are, until enough was revealed. Source: SCORING.md."""
Q_MIN, Q_MAX = 0.01, 0.99
PRIOR_ELEMENTS: Final = 50
NAME_CHARS_MAX: Final = 20
"""A longer name is no detector's of Bavn's; it goes by all."""
ALL: Final = ""
"""The row of all detectors together."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """``shares``: detector -> the share of new ones among what it reported, and on how many elements that rests; ALL:
    of everything."""

    shares: Mapping[str, Fit] = field(default_factory=dict)

    def share(self, detectors: Collection[str]) -> Fit:
        """The highest share among these detectors; of everything where none of them has one of its own."""
        every = self.shares.get(ALL, Fit(Q_START, 0))
        own = [self.shares.get(detector, every) for detector in detectors]
        return max(own, key=lambda fit: fit.a, default=every)

    def nats(self, detectors: Collection[str], *, new: bool) -> float:
        """At least 0 for what is new, at most 0 for what is not."""
        if new:
            return max(0.0, log(NEW_CAMPAIGN / self.share(detectors).a))
        return min(0.0, log((1 - NEW_CAMPAIGN) / (1 - self.share(()).a)))


def measure(seen: Iterable[tuple[Collection[str], bool]], elements_min: int = PRIOR_ELEMENTS) -> Novelty:
    """``seen``: for each revealed element of two groups or more the detectors that reported it, and whether it is new.
    A detector with fewer elements than ``elements_min`` goes by all; all begin at Q_START with the weight of
    PRIOR_ELEMENTS."""
    counts: dict[str, list[int]] = {}
    for detectors, new in seen:
        for name in {ALL, *(name for name in detectors if len(name) <= NAME_CHARS_MAX)}:
            count = counts.setdefault(name, [0, 0])
            count[0] += new
            count[1] += 1
    new_ones, total = counts.pop(ALL, [0, 0])
    if total < elements_min:
        return Novelty()
    every = (new_ones + PRIOR_ELEMENTS * Q_START) / (total + PRIOR_ELEMENTS)
    shares = {ALL: Fit(_within(every), total)}
    for detector, (of_it, elements) in counts.items():
        if elements >= elements_min:
            share = (of_it + PRIOR_ELEMENTS * every) / (elements + PRIOR_ELEMENTS)
            shares[detector] = Fit(_within(share), elements)
    return Novelty(shares)


def _within(share: float) -> float:
    return min(Q_MAX, max(Q_MIN, share))
