"""What the sector would show of inbound sources: reports, the private join, the score, the rules of release.

A contact is read as the report that the product's node would make of it. An operator that lists a source has had an
alarm of its own: without a count it stands for the fewest failed tries at which the product's walk alarms; with a
count, for so many tries. Fewer than the product walks are not reported. p is Wald's bound, exp(-walk). Tiers with their
thresholds, the walk's bucket and the joint scan's score are the product's; no list speaks for any source. Every lead is
taken for confirmed and released to be watched. Refuses to see what fewer than a tier's t hold.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp
from typing import Final

import numpy as np

from bavn.actor.detect.queries.walk import ALARM_NATS, FAIL_UNITS, FAILED_MIN, UNIT_NATS
from bavn.centre.correlate import joint_scan
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.kin import INBOUND, SCAN, Links
from bavn.centre.correlate.sharing import Fit, Seen, fit_all, stratum_of
from bavn.model.evidence import p_bucket, walk_half_nats
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign
from bavn_lab.realbench.contacts import Contacts, Floats, Ints, Meetings
from bavn_lab.realbench.predictive import recent
from bavn_lab.sectorbench.background import P_MAX
from bavn_lab.sectorbench.campaigns import STRONG_P
from bavn_lab.sectorbench.ways import JoinTier

NATS_A_TRY: Final = FAIL_UNITS * UNIT_NATS
TRIES_OF_AN_ALARM: Final = ceil(ALARM_NATS / NATS_A_TRY)
SET_MAX: Final = 131_072
"""Elements that an actor brings to a round: the wire takes up to 150,000 (tier.py)."""
TIERS: Final = (JoinTier("A", 2, SET_MAX, STRONG_P), JoinTier("B", 3, SET_MAX, P_MAX))
TRIES_TOLD_MAX: Final = 50

Offers = Mapping[int, Sequence[int]]
Holders = Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One day's: ``place`` of each source that was revealed, its ``score`` and how many ``holders`` named it;
    ``reports``: the meetings of those who named them, all that the centre knows; ``offered``: how many distinct sources
    were brought."""

    place: Ints
    score: Floats
    holders: Ints
    reports: Meetings
    offered: int


def tries_of(count: Ints) -> Ints:
    """Failed tries that each contact stands for."""
    return np.where(count < 0, TRIES_OF_AN_ALARM, np.minimum(count, TRIES_TOLD_MAX))


def offers(known: Meetings, days: int) -> dict[str, dict[int, list[int]]]:
    """What each actor brings to each tier's round: sources met in the last ``days``, the strongest first, then the
    latest."""
    held = recent(known, days)
    tries = tries_of(held.count)
    order = np.lexsort((held.source, -held.newest, -tries))
    order = order[tries[order] >= FAILED_MIN]
    brought: dict[str, dict[int, list[int]]] = {}
    for tier in TIERS:
        strong = order[np.exp(-tries[order] * NATS_A_TRY) <= tier.p_max]
        who = held.actor[strong]
        brought[tier.name] = {
            int(actor): held.source[strong[who == actor]][: tier.m].tolist() for actor in np.unique(who)
        }
    return brought


def joined(brought: Mapping[str, Offers], thresholds: Mapping[str, int]) -> dict[int, frozenset[int]]:
    """What the rounds of those offers reveal, computed on sets; privately.py does it by the protocol."""
    revealed: dict[int, set[int]] = {}
    for tier, by_actor in brought.items():
        count = Counter(element for own in by_actor.values() for element in own)
        for actor, own in by_actor.items():
            for element in own:
                if count[element] >= thresholds[tier]:
                    revealed.setdefault(element, set()).add(actor)
    return {element: frozenset(actors) for element, actors in revealed.items()}


def thresholds(least: int) -> dict[str, int]:
    """t by tier; ``least``: no tier's below this."""
    return {tier.name: max(least, tier.t) for tier in TIERS}


def shown(contacts: Contacts, known: Meetings, days: int, least: int) -> Shown:
    """What the centre would have told of at that moment."""
    brought = offers(known, days)
    revealed = joined(brought, thresholds(least))
    offered = len({element for by_actor in brought.values() for own in by_actor.values() for element in own})
    places = np.array(sorted(revealed), dtype=np.int64)
    held = known.where(np.isin(known.source, places))
    pairs = zip(held.source.tolist(), held.actor.tolist(), strict=True)
    reports = held.where(np.array([actor in revealed[place] for place, actor in pairs], dtype=bool))
    scores = _scores(contacts, reports, places, revealed)
    holders = np.array([len(revealed[place]) for place in places.tolist()], dtype=np.int64)
    return Shown(places, scores, holders, reports, offered)


def _scores(contacts: Contacts, reports: Meetings, places: Ints, revealed: Holders) -> Floats:
    """The joint scan's score of each. Sources that the same reports speak of score the same, so one stands for all."""
    if not len(places):
        return np.zeros(0)
    pairs = zip(reports.source.tolist(), reports.actor.tolist(), strict=True)
    tries = dict(zip(pairs, tries_of(reports.count).tolist(), strict=True))
    shapes: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for number, place in enumerate(places.tolist()):
        shape = tuple(sorted((actor, tries[place, actor]) for actor in revealed[place]))
        shapes.setdefault(shape, []).append(number)
    context = _context(contacts, reports.at, places, revealed)
    scores = np.zeros(len(places))
    for shape, numbers in shapes.items():
        (observable,) = contacts.observables(places[numbers[:1]])
        signs = [sign(observable, contacts.actors[actor], count, reports.at) for actor, count in shape]
        (weighed,) = joint_scan.find({observable: signs}, Links({}, {}), context, [observable])
        scores[numbers] = weighed.score
    return scores


def sign(observable: Observable, actor: str, tries: int, at: int) -> Sign:
    """The report of one actor, in the buckets in which it would leave. Each actor is a group of its own."""
    p = exp(-tries * NATS_A_TRY)
    hour = at // 3600
    return Sign(
        report_id=f"{actor}/{observable}",
        actor=actor,
        group=actor,
        tier="A" if p <= STRONG_P else "B",
        round_id="00" * 16,
        observable=observable,
        detector=SCAN,
        technique=INBOUND,
        p_bucket=p_bucket(p),
        hosts_bucket=0,
        first_hour=hour,
        last_hour=hour,
        period_bucket=None,
        regularity_bucket=None,
        walk_half_nats=walk_half_nats(tries * NATS_A_TRY),
        received_us=at * SECOND_US,
    )


def _context(contacts: Contacts, at: int, places: Ints, revealed: Holders) -> Context:
    """What the centre knows: the laws of sharing, fitted on what was revealed, as it does daily; no lists."""
    context = Context(now_us=(at // 3600 + 1) * HOUR_US, groups=len(contacts.actors))
    counts: dict[int, int] = {}
    for holders in revealed.values():
        counts[len(holders)] = counts.get(len(holders), 0) + 1
    t = min(counts, default=2)
    (any_source,) = contacts.observables(places[:1])
    stratum = stratum_of(any_source, listed=False)
    laws: Mapping[str, Fit] = fit_all(
        {stratum: [Seen(k=k, t=t, count=count) for k, count in sorted(counts.items())]}, len(contacts.actors)
    )
    return replace(context, sharing=laws)
