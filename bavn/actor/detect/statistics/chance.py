"""How improbable a count is: tails of the beta-binomial and of the negative binomial, and a CUSUM, all in nats.

Javed & Paxson, "Detecting stealthy, distributed SSH brute-forcing" (CCS 2013): failures of log-ons are beta-binomial
over sites and days, and a CUSUM of daily counts shows what no single source does. Refuses to know what is counted.
"""

from collections.abc import Sequence
from math import exp, lgamma, log
from typing import Final

SUMMED_MAX: Final = 4000
NATS_MAX: Final = 40.0


def _beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta_binomial_nats(failed: int, tries: int, a: float, b: float) -> float:
    """-ln P(at least ``failed`` of ``tries`` fail) where the chance of failure is Beta(a, b)."""
    if failed <= 0:
        return 0.0
    if tries > SUMMED_MAX:
        failed, tries = round(failed * SUMMED_MAX / tries), SUMMED_MAX
    total = 0.0
    for at in range(failed, tries + 1):
        choose = lgamma(tries + 1) - lgamma(at + 1) - lgamma(tries - at + 1)
        total += exp(choose + _beta(a + at, b + tries - at) - _beta(a, b))
    return min(NATS_MAX, -log(total)) if 0 < total < 1 else NATS_MAX if total == 0 else 0.0


def gamma_poisson_nats(count: int, shape: float, rate: float) -> float:
    """-ln P(a count is at least so large) where the mean is Gamma(shape, rate): a negative binomial."""
    if count <= 0:
        return 0.0
    q = 1 / (1 + rate)
    log_term = (
        lgamma(shape + count) - lgamma(shape) - lgamma(count + 1) + shape * log(rate / (1 + rate)) + count * log(q)
    )
    total, term, at = 0.0, 1.0, count
    while term > 1e-9 and at < count + 20_000:
        total += term
        term *= (shape + at) / (at + 1) * q
        at += 1
    return min(NATS_MAX, max(0.0, -(log_term + log(total))))


def cusum_nats(counts: Sequence[int], mean: float, spread: float) -> float:
    """The CUSUM of daily counts after the last of them: evidence that the mean has doubled and grown by five since some
    day, floored at 0 each day, in units of the ``spread`` (variance over mean, at least 1)."""
    grown = 2 * mean + 5
    walk = 0.0
    for count in counts:
        walk = max(0.0, walk + (count * log(grown / mean) - (grown - mean)) / max(1.0, spread))
    return min(NATS_MAX, walk)
