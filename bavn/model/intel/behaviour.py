"""Behaviour as observables: what two actors can have in common when no domain, address or file is (PSI.md, Tiers).

A pair of TLS fingerprints says which program spoke to which server software; a chain says which techniques followed one
another at one host and how often it called. Both are canonical texts (observable.py). Refuses to know which of them
are common.

A period joins as a **band**. Bands overlap: band k holds exp(0.35 k) <= T < exp(0.35 (k + 2)) seconds, so that every
period lies in two of them, and two periods with |ln T1/T2| < 0.35 (SCORING.md: congruent) always share one.
"""

from collections.abc import Sequence
from math import exp, floor, log
from typing import Final

from bavn.model.evidence import PERIOD_EDGES_S, bucket_of
from bavn.model.observable import CHAIN_BAND_MAX, Observable, ObservableType

BAND_NATS: Final = 0.35
BEHAVIOUR: Final = frozenset({ObservableType.FP_PAIR, ObservableType.CHAIN})
"""Types that name no peer: nothing outside is called so, and hardly any enforcer can stop it."""


def bands_of(period_s: float) -> tuple[int, ...]:
    """The bands that a period lies in, lower first; none for one below a second or above the last band."""
    if period_s < 1.0:
        return ()
    upper = floor(log(period_s) / BAND_NATS)
    return tuple(band for band in (upper - 1, upper) if 0 <= band <= CHAIN_BAND_MAX)


def band_span_s(band: int) -> tuple[float, float]:
    """First and last period of a band, in seconds (the last one no longer in it)."""
    return exp(BAND_NATS * band), exp(BAND_NATS * (band + 2))


def pair(client: str, server: str) -> Observable:
    """The pair of a client's and a server's fingerprint. Raises NotCanonical."""
    return Observable.of(ObservableType.FP_PAIR, f"{client}+{server}")


def chain(steps: Sequence[str], band: int | None) -> Observable:
    """The chain of these techniques, with a period's band if one of them repeats. Raises NotCanonical."""
    return Observable.of(ObservableType.CHAIN, "-".join(steps) + ("" if band is None else f"@{band}"))


def fingerprints_of(observable: Observable) -> tuple[str, str]:
    """Client's and server's fingerprint of a pair. ValueError for anything else."""
    if observable.type is not ObservableType.FP_PAIR:
        raise ValueError(f"no pair of fingerprints: {observable.type}")
    client, _, server = observable.value.partition("+")
    return client, server


def steps_of(observable: Observable) -> tuple[str, ...]:
    """The techniques of a chain, in order; none for any other observable."""
    if observable.type is not ObservableType.CHAIN:
        return ()
    return tuple(observable.value.partition("@")[0].split("-"))


def band_of(observable: Observable) -> int | None:
    """The band of a chain's period; None for one without, and for any other observable."""
    band = observable.value.partition("@")[2] if observable.type is ObservableType.CHAIN else ""
    return int(band) if band else None


def period_buckets_of(band: int) -> tuple[int, ...]:
    """The period buckets of a report (evidence.PERIOD_EDGES_S) that a period of this band may stand in."""
    low, high = band_span_s(band)
    return tuple(range(bucket_of(low, PERIOD_EDGES_S), bucket_of(high, PERIOD_EDGES_S) + 1))
