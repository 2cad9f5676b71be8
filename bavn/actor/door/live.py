"""Which suspicions are alive for a tier, and which element each of them stands for. Pure.

The set of a round is what is suspicious now over the window, not what is new (PSI.md, Tiers and rounds): a second
victim days later still meets the first. One element, one row: the suspicion with the smallest p speaks for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType, registered_domain
from bavn.model.suspicion import Suspicion

STRONG_TIERS = ("A",)


@dataclass(frozen=True, slots=True)
class Element:
    """An observable offered to the join and the suspicion that speaks for it. ``hosts``: own hosts behind it in all."""

    observable: Observable
    suspicion: Suspicion


def is_strong(tier: str) -> bool:
    """Tier A is for strong evidence; every other tier is treated as weak evidence."""
    return tier in STRONG_TIERS


def live_elements(
    suspicions: Iterable[Suspicion], tier: str, now_us: int, policy: DoorPolicy
) -> list[tuple[Element, bool]]:
    """Every element of every suspicion young enough for the tier, strongest first; the flag says strong enough."""
    strong = is_strong(tier)
    oldest_us = now_us - (policy.strong_days if strong else policy.weak_days) * DAY_US
    p_max = policy.strong_p_max if strong else policy.weak_p_max
    best: dict[Observable, Suspicion] = {}
    for suspicion in suspicions:
        if suspicion.last_us < oldest_us:
            continue
        for observable in suspicion.observables:
            element = as_element(observable)
            known = best.get(element)
            if known is None or _key(suspicion) < _key(known):
                best[element] = suspicion
    ordered = sorted(best.items(), key=lambda item: (*_key(item[1]), item[0]))
    return [(Element(observable, suspicion), suspicion.p <= p_max) for observable, suspicion in ordered]


def as_element(observable: Observable) -> Observable:
    """The form in which an observable joins: a domain as its registered domain, all else as it is."""
    if observable.type is not ObservableType.DOMAIN:
        return observable
    registered = registered_domain(observable.value)
    return observable if registered is None else Observable.of(ObservableType.DOMAIN, registered)


def _key(suspicion: Suspicion) -> tuple[float, str, str]:
    return (suspicion.p, suspicion.detector, suspicion.id)
