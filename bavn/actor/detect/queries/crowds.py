"""Crowds of strangers: services that many sources try a few times each, none of which ever got in.

One source of such a crowd does nothing strange; the number of them in a day is held against the service's own earlier
days (Javed & Paxson, CCS 2013). Refuses to know what a single source does.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import exp, log
from typing import Final

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.queries.tries import STRANGERS_SQL
from bavn.actor.detect.statistics.chance import cusum_nats, gamma_poisson_nats
from bavn.actor.detect.terms import KNOWN_DAYS_MIN
from bavn.model.moment import DAY_US
from bavn.model.record import address_text

FEW_TRIES_MAX: Final = 5
SOURCES_MIN: Final = 5
STRANGERS: Final = (1.0, 0.5)
"""Gamma(shape, rate) of strangers a day at one service where nothing is known: two, and often none or five."""
PAST_DAYS_MAX: Final = 14
COUNTS: Final = 2
"""All strangers, and those who came for this service alone and never before: the internet's usual visitors come back,
and try the other ports too."""
MET_DAYS: Final = 3
"""On the first days of a history everybody is new; those days say nothing of how many usually are."""
ROWS_MAX: Final = 200_000
P_MIN: Final = 1e-3
"""The model of ordinary days is trusted no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The strangest day of one service. ``fresh``: of its sources those that had never come before and knocked at no
    other port. ``some``: its sources, at most eight, the busiest first. ``p``: against the service's own past, for all
    days and services that were looked at."""

    service: str
    target: str
    sources: int
    fresh: int
    first_us: int
    last_us: int
    some: tuple[str, ...]
    nats: float
    p: float


def known_crowds(context: DetectorContext) -> list[Crowd]:
    """One for each service of an own host that strangers tried after a week that is known, in order of name: what is
    ordinary at a door nobody can say before. Raises QueryRefused."""
    crowds: dict[tuple[str, str], dict[int, Crowd]] = defaultdict(dict)
    asked = {"limit": ROWS_MAX, "few": FEW_TRIES_MAX}
    for service, target, day, sources, fresh, first, last, some in context.window.rows(STRANGERS_SQL, asked):
        crowd = Crowd(
            service=service,
            target=address_text(target),
            sources=int(sources),
            fresh=int(fresh),
            first_us=int(first),
            last_us=int(last),
            some=tuple(address_text(source) for source in some),
            nats=0.0,
            p=1.0,
        )
        crowds[service, crowd.target][int(day)] = crowd
    begin = context.terms.known_from_us // DAY_US
    first = max(begin + KNOWN_DAYS_MIN, context.window.first_us // DAY_US)
    looked_at = COUNTS * len(crowds) * max(1, (context.window.last_us - 1) // DAY_US - first + 1)
    known = []
    for _, days in sorted(crowds.items()):
        every = {day: crowd.sources for day, crowd in days.items()}
        fresh = {day: crowd.fresh for day, crowd in days.items()}
        weighed = {
            day: max(crowd_nats(every, day, begin), crowd_nats(fresh, day, begin + MET_DAYS))
            for day in sorted(every)
            if day >= first
        }
        if not weighed:
            continue
        strangest = max(weighed, key=lambda day: weighed[day])
        values = {slot: getattr(days[strangest], slot) for slot in Crowd.__slots__}
        p = crowd_p(weighed[strangest], looked_at)
        known.append(Crowd(**values | {"nats": weighed[strangest], "p": p}))
    return known


def crowd_p(nats: float, looked_at: int) -> float:
    """So strange a day among ``looked_at`` that could have been told, by chance: the days that teach are not tried."""
    return min(1.0, max(P_MIN, looked_at * exp(-nats)))


def crowd_nats(counts: dict[int, int], day: int, begin: int) -> float:
    """How strange the strangers of a day are after those of the days before, from ``begin`` (days since 1970) on."""
    if counts[day] < SOURCES_MIN:
        return 0.0
    past = [counts.get(earlier, 0) for earlier in range(max(begin, day - PAST_DAYS_MAX), day)]
    shape, rate = STRANGERS[0] + sum(past), STRANGERS[1] + len(past)
    mean = shape / rate
    spread = sum((count - mean) ** 2 for count in past) / (len(past) - 1) / mean if len(past) > 1 else mean
    scale = 1.0 / max(1.0, spread)
    nats = gamma_poisson_nats(counts[day], shape * scale, rate * scale)
    if len(past) < 2:
        return nats
    # A CUSUM may have begun on any of these days: that many tries.
    return max(nats, cusum_nats([*past, counts[day]], mean, spread) - log(len(past) + 1))
