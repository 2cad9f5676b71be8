"""Which suspicions are alive for a tier, and which element each of them stands for. Pure.

The set of a round is what is suspicious now over the window, not what is new (PSI.md, Tiers and rounds): a second
victim days later still meets the first. One element, one row: the suspicion with the smallest p speaks for it, of those
that nobody here has judged benign or ignores.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import log
from typing import Final

from bavn.actor.door.echo import Holds, holds_none, is_echo
from bavn.actor.door.ordinary import Established, none_established, ordinary_of
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.sector.canary import DETECTOR as CANARY
from bavn.model.sector.verdict import NO_VERDICTS, Verdicts
from bavn.model.suspicion import Suspicion
from bavn.psi.element import as_element

STRONG_TIER = "A"
SCAN, INBOUND = "scan", "T1595"
WALK_NATS_MIN: Final = 3 * log(4) - 1e-9
"""Three tries (detect/scan.py): 8 half nats, which the centre reads as three."""


@dataclass(frozen=True, slots=True)
class Element:
    """An observable offered to the join and the suspicion that speaks for it. ``hosts``: own hosts behind it in all.
    ``judged``: all suspicions of it were judged benign or are ignored here, and as what; else empty. ``echo``: all of
    them rest on an indicator that the sector shared. ``ordinary``: the commons say that others use it day after day."""

    observable: Observable
    suspicion: Suspicion
    judged: str = ""
    echo: bool = False
    ordinary: bool = False


def is_strong(tier: str) -> bool:
    """Tier A and its assurance (``A-daily``) are for strong evidence; every other tier is treated as weak evidence."""
    return tier == STRONG_TIER or tier.startswith(f"{STRONG_TIER}-")


def live_elements(
    suspicions: Iterable[Suspicion],
    tier: str,
    now_us: int,
    policy: DoorPolicy,
    verdicts: Verdicts = NO_VERDICTS,
    holds: Holds = holds_none,
    established: Established = none_established,
) -> list[tuple[Element, bool]]:
    """Every element of every suspicion young enough for the tier, strongest first; the flag says strong enough."""
    strong = is_strong(tier)
    oldest_us = now_us - (policy.strong_days if strong else policy.weak_days) * DAY_US
    p_max = policy.strong_p_max if strong else policy.weak_p_max
    alive = [s for s in suspicions if s.last_us >= oldest_us and (s.detector != CANARY or tier == STRONG_TIER)]
    best = _spoken_for(alive, verdicts, holds)
    ordinary = ordinary_of(alive, established)
    every = (replace(each, ordinary=True) if each.observable in ordinary else each for each in best.values())
    ordered = sorted(every, key=lambda element: (*_key(element), element.observable))
    walks = policy.join_walks and not strong
    return [(element, element.suspicion.p <= p_max or (walks and _walks(element.suspicion))) for element in ordered]


def _walks(suspicion: Suspicion) -> bool:
    """Tries from outside that the centre adds up over actors: too few for an alarm here, and so never odd alone."""
    inbound = suspicion.detector == SCAN and suspicion.technique.startswith(INBOUND)
    return inbound and suspicion.walk_nats is not None and suspicion.walk_nats >= WALK_NATS_MIN


def put_aside(suspicions: Iterable[Suspicion], verdicts: Verdicts) -> Mapping[Observable, str]:
    """Elements all of whose suspicions were judged benign or are ignored here, and as what."""
    if not verdicts:
        return {}
    return {made.observable: made.judged for made in _spoken_for(suspicions, verdicts).values() if made.judged}


def echoes(suspicions: Iterable[Suspicion], verdicts: Verdicts, holds: Holds) -> frozenset[Observable]:
    """Elements all of whose suspicions rest on an indicator that the sector shared."""
    return frozenset(made.observable for made in _spoken_for(suspicions, verdicts, holds).values() if made.echo)


def _spoken_for(
    suspicions: Iterable[Suspicion], verdicts: Verdicts, holds: Holds = holds_none
) -> dict[Observable, Element]:
    best: dict[Observable, Element] = {}
    for suspicion in suspicions:
        verdict = verdicts.of(suspicion)
        put_aside_here = verdict is not None and verdict.judgement != "true" and verdict.origin == "here"
        echo = is_echo(suspicion, holds)
        judged = verdict.judgement if verdict is not None and put_aside_here else ""
        for observable in suspicion.observables:
            element = Element(as_element(observable), suspicion, judged, echo)
            known = best.get(element.observable)
            if known is None or _key(element) < _key(known):
                best[element.observable] = element
    return best


def _key(element: Element) -> tuple[bool, bool, float, str, str]:
    return (bool(element.judged), element.echo, element.suspicion.p, element.suspicion.detector, element.suspicion.id)
