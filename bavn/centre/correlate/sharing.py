"""How many actors share a thing by chance, and how many when somebody is behind it: the two laws under the score.

Benign sharing follows a power law: P_b(K) = a*Gamma(K-a) / (Gamma(1-a)*K!) for K = 1, 2, ... (Sibuya's law; a = the
share of elements that exactly one actor sees). Campaigns reach a geometric number of actors. Both start from numbers
that were measured elsewhere and are refitted on what the rounds reveal: a by maximum likelihood on the histogram of K,
truncated below at t (what fewer hold is never revealed) and above at the number of actors; the mean by verdicts.
Source: SCORING.md (a = .90 for unlisted elements, .66 for all; mean 2.5). Refuses to know actors and values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

from bavn.model.observable import Observable

A_UNLISTED: Final = 0.90
A_ALL: Final = 0.66
A_MIN, A_MAX = 0.05, 0.99
MALICIOUS_MEAN: Final = 2.5
MALICIOUS_MEAN_MAX: Final = 20.0
ELEMENTS_MIN: Final = 200
PRIOR_CAMPAIGNS: Final = 20
_GOLDEN: Final = (5**0.5 - 1) / 2
_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """``count`` elements were shared by ``k`` actors, where none shared by fewer than ``t`` could have shown."""

    k: int
    t: int
    count: int


@dataclass(frozen=True, slots=True)
class Fit:
    """``a`` of a stratum and the ``elements`` it was fitted on; 0 where the start value still stands."""

    a: float
    elements: int


def stratum_of(observable: Observable, *, listed: bool) -> str:
    """Elements that behave alike share a law: by type and by whether they stand on a list."""
    return f"{'listed' if listed else 'unlisted'}/{observable.type.value}"


def start(stratum: str) -> Fit:
    """What holds before there is enough to fit."""
    return Fit(A_ALL if stratum.startswith("listed/") else A_UNLISTED, 0)


def ln_benign(k: int, a: float) -> float:
    """ln P_b(k); k >= 1, 0 < a < 1."""
    return log(a) + lgamma(k - a) - lgamma(1 - a) - lgamma(k + 1)


def ln_malicious(k: int, mean: float) -> float:
    """ln P_m(k) of the geometric law with this mean > 1; k >= 1."""
    return (k - 1) * log(1 - 1 / mean) - log(mean)


def ln_ratio(k: int, a: float, mean: float) -> float:
    """ln[P_m(k)/P_b(k)]: what sharing by k independent actors says for a campaign; negative for what all have."""
    return ln_malicious(k, mean) - ln_benign(k, a)


def fit(seen: Sequence[Seen], actors: int, elements_min: int = ELEMENTS_MIN) -> Fit | None:
    """a by maximum likelihood; None where there are too few elements to say. Each K counts relative to what could be
    seen at all: t <= K <= ``actors``. The likelihood is unimodal in a; sixty golden-section steps pin it to 1e-12.
    """
    useful = [one for one in seen if one.count > 0 and one.t <= one.k <= actors and one.t < actors]
    elements = sum(one.count for one in useful)
    if elements < elements_min:
        return None
    low, high = A_MIN, A_MAX
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if _likelihood(useful, actors, left) < _likelihood(useful, actors, right):
            low = left
        else:
            high = right
    return Fit((low + high) / 2, elements)


def _likelihood(seen: Iterable[Seen], actors: int, a: float) -> float:
    mass = {k: exp(ln_benign(k, a)) for k in range(1, actors + 1)}
    above: dict[int, float] = {}
    total = 0.0
    for report in seen:
        if report.t not in above:
            above[report.t] = log(sum(mass[k] for k in range(report.t, actors + 1)))
        total += report.count * (log(mass[report.k]) - above[report.t])
    return total


def fit_all(histograms: Mapping[str, Sequence[Seen]], actors: int, elements_min: int = ELEMENTS_MIN) -> dict[str, Fit]:
    """A fit for each stratum that has enough; the others keep what they have."""
    fitted = {stratum: fit(histograms[stratum], actors, elements_min) for stratum in sorted(histograms)}
    return {stratum: found for stratum, found in fitted.items() if found is not None}


def malicious_mean(confirmed: Iterable[tuple[int, int]]) -> float:
    """The mean number of actors of a campaign, from (K, t) of confirmed cases: beyond t a geometric law begins anew,
    so K-t+1 has its mean whatever t was. The start value weighs as much as ``PRIOR_CAMPAIGNS`` cases."""
    beyond = [max(1, k - t + 1) for k, t in confirmed]
    mean = (MALICIOUS_MEAN * PRIOR_CAMPAIGNS + sum(beyond)) / (PRIOR_CAMPAIGNS + len(beyond))
    return min(max(mean, 1.1), MALICIOUS_MEAN_MAX)
