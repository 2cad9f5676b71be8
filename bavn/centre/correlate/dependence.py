"""How far reports on one element repeat each other: the design effect under the sum of evidence.

Actors run the same software and buy from the same vendors, so what is odd about a harmless element is odd at everybody
who meets it. With a correlation r between two groups' reports on one element, the sum over K groups varies as if only
K / (1 + (K-1) r) of them were independent (Kish 1965, design effect), and the sum is taken down to that many. r = 0 is
the plain sum, honest if reports were independent; r = 1 is the mean of l(p), honest whatever the dependence: the
geometric mean of e-values lies below their average, which is an e-value (Vovk & Wang 2021). In between r is measured
on what the rounds reveal, as an intraclass correlation. See docs/decisions. Refuses to know actors and values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

R_START: Final = 0.5
"""Until enough is revealed: half of what makes an element odd is the element's own. Assumed."""
R_MIN, R_MAX = 0.1, 1.0
ELEMENTS_MIN: Final = 200


@dataclass(frozen=True, slots=True)
class Dependence:
    """``r`` in 0..1 and the ``elements`` it was fitted on; 0 where the start value still stands."""

    r: float = R_START
    elements: int = 0

    def scale(self, groups: int) -> float:
        """What the sum of this many groups' reports is multiplied by; 1 for one group."""
        return 1.0 / (1.0 + (groups - 1) * self.r)

    def effective(self, groups: int) -> float:
        """How many independent reports this many are worth."""
        return groups * self.scale(groups)


def fit(worths: Iterable[Sequence[float]], elements_min: int = ELEMENTS_MIN) -> Dependence | None:
    """r by one-way analysis of variance over elements of unequal numbers of reports (Donner 1986), within
    ``R_MIN``..``R_MAX``; None where too few elements are shared by two groups or more. ``worths``: for each element,
    what each group's report is worth in nats."""
    shared = [np.asarray(worth, dtype=np.float64) for worth in worths if len(worth) > 1]
    if len(shared) < elements_min:
        return None
    sizes = np.array([len(worth) for worth in shared], dtype=np.float64)
    means = np.array([worth.mean() for worth in shared])
    total = sizes.sum()
    between = float((sizes * (means - (sizes * means).sum() / total) ** 2).sum() / (len(shared) - 1))
    within = sum(float(((worth - mean) ** 2).sum()) for worth, mean in zip(shared, means, strict=True)) / (
        total - len(shared)
    )
    typical = (total - (sizes**2).sum() / total) / (len(shared) - 1)
    spread = between + (typical - 1) * within
    found = (between - within) / spread if spread > 0 else 1.0
    return Dependence(float(min(R_MAX, max(R_MIN, found))), len(shared))
