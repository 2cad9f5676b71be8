"""What it says that two groups see an element alike (one period, one rare fingerprint): measured, since the harmless
does so too.

Software that calls home every ten minutes does so at everybody who runs it, and a server shows everybody the same
certificate. So a congruent pair is worth
ln(P_CAMPAIGN / q), where q is the share of pairs of groups that are congruent among what the rounds reveal, and never
more than SCORING's 1.5 nats, which stand until something was revealed. q starts from the share that those 1.5 nats
mean, with the weight of ``PRIOR_ELEMENTS`` elements. Refuses to know actors and values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log
from typing import Final

P_CAMPAIGN: Final = 0.5
"""Share of a campaign's pairs that call at the same period. Assumed; over the five families of SectorBench's
development half that can be joined it is a third: 0 for three of them, 0.7 and 1 for two."""
Q_START: Final = P_CAMPAIGN / exp(1.5)
PRIOR_ELEMENTS: Final = 50


@dataclass(frozen=True, slots=True)
class Congruent:
    """``q`` in 0..1 and the ``elements`` it was measured on; 0 where the start value still stands."""

    q: float = Q_START
    elements: int = 0

    def nats(self, limit: float) -> float:
        """What a congruent pair is worth; 0 where harmless things are congruent as often as campaigns."""
        return limit if not self.elements else min(limit, max(0.0, log(P_CAMPAIGN / self.q)))


def measure(shares: Iterable[float]) -> Congruent:
    """``shares``: for each revealed element of two groups or more, the share of its pairs that are congruent."""
    found = list(shares)
    return Congruent((Q_START * PRIOR_ELEMENTS + sum(found)) / (PRIOR_ELEMENTS + len(found)), len(found))
