"""The score of one element: what the reports on it are worth together, in nats, term by term (SCORING.md).

S = evidence + sharing + hosts + congruence + novelty - lists, then the poisoning cap. S ranks; it guarantees nothing,
and every term is kept for show with its sentence (wording.py). Actors of one group count once: the strongest speaks.
Refuses to know where reports come from and what a lead is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from bavn.centre.correlate import wording
from bavn.centre.correlate.cap import PAIRS_MAX, GroupWorth, capped
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.sharing import ln_ratio, stratum_of
from bavn.model.evidence import EVIDENCE_NATS_MAX, EVIDENCE_NATS_MIN, REGULARITY_EDGES, evidence_nats, p_of_bucket
from bavn.model.lead import Sign, Term
from bavn.model.moment import hour_of
from bavn.model.observable import Observable

# P(hosts bucket | campaign), P(hosts bucket | benign) for an element that raised suspicion: 1, 2-3, 4-10, >10 hosts.
# Assumed, not measured: intrusions stay narrow inside an actor, rollouts are wide (SCORING.md). Each row sums to 1.
HOSTS_MALICIOUS: Final = (0.62, 0.25, 0.09, 0.04)
HOSTS_BENIGN: Final = (0.40, 0.22, 0.18, 0.20)
# P(first seen by two groups at most 7 days ago), for campaigns and for benign elements. Source: SCORING.md.
NEW_MALICIOUS, NEW_BENIGN = 0.6, 0.05
REGULARITY_MIN: Final = 0.3
_HOURS_PER_DAY: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """An element with its score. ``signs``: the report that counts of each actor, by actor. ``groups``: how many
    independent ones. ``listed``: something spoke for its innocence, so it never becomes a block. ``seen_hour``: when
    two groups had seen it, None where one has."""

    observable: Observable
    signs: tuple[Sign, ...]
    groups: int
    score: float
    terms: tuple[Term, ...]
    listed: bool
    seen_hour: int | None


def worth(sign: Sign) -> float:
    """What one actor's report is worth alone: its evidence and its hosts term, in nats."""
    return evidence(sign) + hosts(sign)


def evidence(sign: Sign) -> float:
    """l(p) of the largest p in the bucket, within [-1, 4] nats."""
    return min(EVIDENCE_NATS_MAX, max(EVIDENCE_NATS_MIN, evidence_nats(p_of_bucket(sign.p_bucket))))


def hosts(sign: Sign) -> float:
    """ln of how much likelier this many hosts are under a campaign."""
    return log(HOSTS_MALICIOUS[sign.hosts_bucket] / HOSTS_BENIGN[sign.hosts_bucket])


def rhythm(sign: Sign) -> int | None:
    """The period bucket of a report that repeats regularly enough to be compared, else None.

    Two periods are congruent if |ln T1/T2| < .35 and both regularities are >= .3. Between midpoints of different
    buckets the distance is above .69, so congruent means the same bucket; a regularity is surely >= .3 only in the
    buckets above that edge.
    """
    if sign.period_bucket is None or sign.regularity_bucket is None:
        return None
    regular = sign.regularity_bucket > REGULARITY_EDGES.index(REGULARITY_MIN)
    return sign.period_bucket if regular else None


def speakers(signs: Iterable[Sign]) -> tuple[Sign, ...]:
    """One report of each actor: the one worth most, then the latest; sorted by actor."""
    best: dict[str, Sign] = {}
    for sign in signs:
        known = best.get(sign.actor)
        if known is None or _rank(sign) > _rank(known):
            best[sign.actor] = sign
    return tuple(best[actor] for actor in sorted(best))


def _rank(sign: Sign) -> tuple[float, int, str]:
    return worth(sign), sign.received_us, sign.report_id


def by_group(signs: Sequence[Sign]) -> dict[str, list[Sign]]:
    """Each group's reports, the strongest first; groups in order of name."""
    groups: dict[str, list[Sign]] = {}
    for sign in sorted(signs, key=lambda sign: (-worth(sign), sign.actor)):
        groups.setdefault(sign.group, []).append(sign)
    return dict(sorted(groups.items()))


def weigh(observable: Observable, signs: Iterable[Sign], context: Context) -> Weighed:
    """The score of an element with at least one report on it. Permuting or repeating reports changes nothing."""
    spoken = speakers(signs)
    groups = by_group(spoken)
    heads = [group[0] for group in groups.values()]
    lists = context.lists.of(observable)
    law = context.law(stratum_of(observable, listed=bool(lists)))
    settings = context.settings

    def of_number(k: int) -> float:
        return ln_ratio(k, law.a, context.malicious_mean)

    def of_pairs(pairs: int) -> float:
        return min(settings.congruence_nats_max, settings.congruence_nats * min(pairs, PAIRS_MAX))

    pairs = congruent_pairs(heads)
    seen_hour = second_first_hour(context.first_hours.get(observable, {}), spoken)
    new = seen_hour is None or hour_of(context.now_us) - seen_hour <= settings.novelty_days * _HOURS_PER_DAY
    penalty, why_listed = _penalty(observable, context)
    novelty = log(NEW_MALICIOUS / NEW_BENIGN) if new else log((1 - NEW_MALICIOUS) / (1 - NEW_BENIGN))
    terms = [
        Term("evidence", sum(evidence(head) for head in heads), wording.evidence(heads, [evidence(h) for h in heads])),
        Term("sharing", of_number(len(heads)), wording.sharing(len(heads), len(spoken), law, context.malicious_mean)),
        Term("hosts", sum(hosts(head) for head in heads), wording.hosts(heads)),
        Term("congruence", of_pairs(pairs), wording.congruence(pairs)),
        Term("novelty", novelty, wording.novelty(seen_hour, settings.novelty_days, new=new)),
        Term("lists", -penalty, wording.lists(why_listed, penalty)),
    ]
    raw = sum(term.nats for term in terms)
    worths = [GroupWorth(tuple(worth(s) for s in group), rhythm(group[0])) for group in groups.values()]
    core = sum(term.nats for term in terms if term.name in ("evidence", "sharing", "hosts", "congruence"))
    cut = min(0.0, capped(worths, of_number, of_pairs, settings.influence_nats_max) - core)
    if cut < -1e-9:
        terms.append(Term("cap", cut, wording.cap(cut, settings.influence_nats_max)))
        raw += cut
    return Weighed(
        observable=observable, signs=spoken, groups=len(heads), score=raw, terms=tuple(terms), listed=penalty > 0,
        seen_hour=seen_hour,
    )  # fmt: skip


def congruent_pairs(heads: Iterable[Sign]) -> int:
    """How many pairs of groups see the element repeat in the same period bucket."""
    counts = Counter(found for found in map(rhythm, heads) if found is not None)
    return sum(count * (count - 1) // 2 for count in counts.values())


def second_first_hour(remembered: Mapping[str, int], signs: Iterable[Sign]) -> int | None:
    """When the second group had first seen the element; None where only one has: what a single group says proves
    neither old nor new, so it counts as new (and one more report can then only make it older, never newer)."""
    first = dict(remembered)
    for sign in signs:
        first[sign.group] = min(first.get(sign.group, sign.first_hour), sign.first_hour)
    return sorted(first.values())[1] if len(first) > 1 else None


def _penalty(observable: Observable, context: Context) -> tuple[float, tuple[str, ...]]:
    """D in nats, the worst of all that applies, and the names of what applies."""
    settings = context.settings
    price = {
        "known": settings.known_nats, "popular": settings.popular_nats, "shared": settings.popular_nats,
        "service": settings.service_nats,
    }  # fmt: skip
    found = [(name, price[grade]) for name, grade in context.lists.of(observable)]
    if observable in context.register:
        found.append(("sector-register", settings.cleared_nats))
    if observable in context.cleared:
        found.append(("earlier-verdict", settings.cleared_nats))
    return max((nats for _, nats in found), default=0.0), tuple(name for name, _ in found)
