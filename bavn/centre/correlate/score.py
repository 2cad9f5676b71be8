"""The score of one element: what the reports on it are worth together, in nats, term by term (SCORING.md).

S = evidence + sharing + hosts + congruence + novelty - lists - crowd + graph, then the poisoning cap. What a report is
worth and which terms count was fitted on captures (fitted.py); a term that does not count is 0 and says what it saw.
S ranks; it guarantees nothing, and every term is kept for show with its sentence (wording.py). Actors of one group
count once: the strongest speaks. Reports on one element repeat each other, so evidence and hosts are sums taken down
to the number of independent reports (dependence.py). Refuses to know where reports come from and what a lead is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final

from bavn.centre.correlate import wording
from bavn.centre.correlate.bounds.cap import PAIRS_MAX, GroupEvidence, Shape, capped
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.laws.crowd import crowd_nats
from bavn.centre.correlate.laws.fitted import Weights
from bavn.centre.correlate.sharing import Fit, ln_ratio, stratum_of
from bavn.model.evidence import REGULARITY_EDGES
from bavn.model.moment import hour_of
from bavn.model.observable import Observable
from bavn.model.sector.lead import Lead, Sign, Term

# P(hosts bucket | campaign), P(hosts bucket | benign) for an element that raised suspicion: 1, 2-3, 4-10, >10 hosts.
# Assumed, not measured: intrusions stay narrow inside an actor, rollouts are wide (SCORING.md). Each row sums to 1.
HOSTS_MALICIOUS: Final = (0.62, 0.25, 0.09, 0.04)
HOSTS_BENIGN: Final = (0.40, 0.22, 0.18, 0.20)
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


def worth(sign: Sign, weights: Weights) -> float:
    """What one actor's report is worth alone: its evidence and its hosts term, in nats."""
    return weights.nats(sign.detector, sign.p_bucket) + hosts(sign, weights)


def hosts(sign: Sign, weights: Weights) -> float:
    """ln of how much likelier this many hosts are under a campaign; 0 where that does not count."""
    if "hosts" not in weights.terms:
        return 0.0
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


def speakers(signs: Iterable[Sign], weights: Weights) -> tuple[Sign, ...]:
    """One report of each actor: the one worth most, then the latest; sorted by actor."""

    def place(sign: Sign) -> tuple[float, int, int, str]:
        return worth(sign, weights), sign.p_bucket, sign.received_us, sign.report_id

    best: dict[str, Sign] = {}
    for sign in signs:
        known = best.get(sign.actor)
        if known is None or place(sign) > place(known):
            best[sign.actor] = sign
    return tuple(best[actor] for actor in sorted(best))


def by_group(signs: Sequence[Sign], weights: Weights) -> dict[str, list[Sign]]:
    """Each group's reports, the strongest first; groups in order of name."""
    groups: dict[str, list[Sign]] = {}
    for sign in sorted(signs, key=lambda sign: (-worth(sign, weights), sign.actor)):
        groups.setdefault(sign.group, []).append(sign)
    return dict(sorted(groups.items()))


def group_evidence(signs: Iterable[Sign], weights: Weights) -> dict[Observable, list[float]]:
    """For each element what each group's strongest report is worth: what dependence.fit is fitted on."""
    elements: dict[Observable, list[Sign]] = {}
    for sign in signs:
        elements.setdefault(sign.observable, []).append(sign)
    return {
        observable: [
            worth(group[0], weights) for group in by_group(speakers(elements[observable], weights), weights).values()
        ]
        for observable in sorted(elements)
    }


def newness(signs: Iterable[Sign], context: Context) -> list[tuple[frozenset[str], bool]]:
    """For each element of two groups or more the detectors that report it, and whether it is new: what novelty.measure
    measures."""
    elements: dict[Observable, list[Sign]] = {}
    for sign in signs:
        elements.setdefault(sign.observable, []).append(sign)
    seen = []
    for observable in sorted(elements):
        spoken = speakers(elements[observable], context.weights)
        seen_hour = second_first_hour(context.first_hours.get(observable, {}), spoken)
        if seen_hour is not None:
            seen.append((frozenset(sign.detector for sign in spoken), is_new(seen_hour, context)))
    return seen


def is_new(seen_hour: int | None, context: Context) -> bool:
    """Whether the second group met it within the days in which a thing is new."""
    days = context.settings.novelty_days
    return seen_hour is None or hour_of(context.now_us) - seen_hour <= days * _HOURS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What other elements say of this one. ``prints``: group -> the rare fingerprint or certificate that it reports
    with this element in one story. ``graph_nats``: what the neighbours' scores come to (graph.py), at least 0;
    ``graph_names``: the neighbours, the strongest first. ``company``: the domains whose stack a pair of fingerprints
    is: what speaks for one of them speaks for the pair."""

    prints: Mapping[str, Observable] = field(default_factory=dict)
    graph_nats: float = 0.0
    graph_names: tuple[Observable, ...] = ()
    company: tuple[Observable, ...] = ()


NO_KIN: Final = Kin()


def weigh(observable: Observable, signs: Iterable[Sign], context: Context, kin: Kin = NO_KIN) -> Weighed:
    """The score of an element with at least one report on it. Permuting or repeating reports changes nothing."""
    spoken = speakers(signs, context.weights)
    groups = by_group(spoken, context.weights)
    law = context.law(stratum_of(observable, listed=bool(context.lists.of(observable))))
    shape = _shape(law, context)
    seen_hour = second_first_hour(context.first_hours.get(observable, {}), spoken)
    penalty, why_listed = _penalty((observable, *kin.company), context)
    graph_nats = _graph_nats(kin, context)
    core = _core(groups, len(spoken), law, shape, kin, context)
    terms = [
        *core,
        _novelty(spoken, seen_hour, context),
        Term("lists", 0.0 - penalty, wording.lists(why_listed, penalty)),
        *_beside(observable, kin, graph_nats, context),
    ]
    left = context.weights.level + _capped(list(groups.values()), kin, shape, context, graph_nats)
    cut = left - sum(t.nats for t in core) - graph_nats
    if cut < -1e-9:
        terms.append(Term("cap", cut, wording.cap(cut, context.settings.influence_nats_max)))
    return Weighed(
        observable=observable,
        signs=spoken,
        groups=len(groups),
        score=sum(term.nats for term in terms),
        terms=tuple(terms),
        listed=penalty > 0,
        seen_hour=seen_hour,
    )


def _core(
    groups: Mapping[str, Sequence[Sign]], actors: int, law: Fit, shape: Shape, kin: Kin, context: Context
) -> list[Term]:
    """What the reports are worth by themselves: evidence, sharing, hosts, congruence."""
    weights, heads = context.weights, [group[0] for group in groups.values()]
    scale = shape.scale(len(heads))
    pairs, printed = congruent_pairs(heads), printed_pairs(heads, kin.prints)
    each = [weights.nats(head.detector, head.p_bucket) for head in heads]
    return [
        Term(
            "evidence",
            weights.level + scale * sum(each),
            wording.evidence(heads, each, context.dependence, weights.level),
        ),
        _optional(
            Term("sharing", shape.of_number(len(heads)), wording.sharing(len(heads), actors, law, context)),
            weights,
        ),
        _optional(
            Term("hosts", scale * sum(hosts(head, weights) for head in heads), wording.hosts(heads)),
            weights,
        ),
        _optional(
            Term(
                "congruence",
                shape.of_pairs(max(pairs, printed)),
                wording.congruence(pairs, printed, kin.prints, context.congruent),
            ),
            weights,
        ),
    ]


def _novelty(spoken: Sequence[Sign], seen_hour: int | None, context: Context) -> Term:
    """What it is worth that a thing is new, or not, by the detectors that report it."""
    new, detectors = is_new(seen_hour, context), {sign.detector for sign in spoken}
    share = context.novelty.share(detectors)
    why = wording.novelty(seen_hour, context.settings.novelty_days, share, new=new)
    return Term("novelty", context.novelty.nats(detectors, new=new), why)


def _graph_nats(kin: Kin, context: Context) -> float:
    """What the neighbours' scores count for, bounded; 0 where the term does not count."""
    settings = context.settings
    if "graph" not in context.weights.terms:
        return 0.0
    return min(kin.graph_nats, settings.graph_nats_max, settings.influence_nats_max)


def _beside(observable: Observable, kin: Kin, graph_nats: float, context: Context) -> Iterator[Term]:
    """Terms of those elements alone about which there is something to say: crowd, graph, later."""
    weights = context.weights
    crowd = context.crowds.get(observable, 0)
    if crowd:
        yield _optional(Term("crowd", crowd_nats(crowd), wording.crowd(crowd)), weights)
    if kin.graph_nats > 0 or (kin.graph_names and "graph" not in weights.terms):
        yield _optional(Term("graph", graph_nats, wording.graph(kin.graph_names)), weights)
    later = context.later.get(observable, frozenset())
    if later:
        yield Term("later", 0.0, wording.later(later))


def _optional(term: Term, weights: Weights) -> Term:
    """The term, which says so where it does not count."""
    return term if term.name in weights.terms else Term(term.name, 0.0, wording.not_counted(term.why))


def _shape(law: Fit, context: Context) -> Shape:
    """How worths become a score; what a congruent pair is worth is measured."""
    terms = context.weights.terms
    most, each = context.settings.congruence_nats_max, context.settings.congruence_nats
    share = context.congruent.nats(each) / each if each > 0 and "congruence" in terms else 0.0
    return Shape(
        scale=context.dependence.scale,
        of_number=lambda k: ln_ratio(k, law.a, context.malicious_mean) if "sharing" in terms else 0.0,
        of_pairs=lambda n: share * min(most, each * min(n, PAIRS_MAX)),
    )


def _capped(groups: Sequence[Sequence[Sign]], kin: Kin, shape: Shape, context: Context, graph_nats: float) -> float:
    """What the poisoning cap leaves of evidence, sharing, hosts, congruence and graph together.

    Two functions that no actor lifts by more than c: F with c, and F with c - g plus the graph's term, which lies in
    0..g and so moves by at most g whoever made the links. The larger of such functions is such a function. Likewise
    for the two ways in which groups can be congruent.
    """
    settings = context.settings
    c, g = settings.influence_nats_max, min(settings.graph_nats_max, settings.influence_nats_max)
    names = {name: at for at, name in enumerate(sorted(set(kin.prints.values())))}

    def left(c: float) -> float:
        worths = [tuple(worth(sign, context.weights) for sign in group) for group in groups]
        by_period = [GroupEvidence(w, rhythm(group[0])) for w, group in zip(worths, groups, strict=True)]
        best = capped(by_period, shape, c)
        if not names:
            return best
        prints = [kin.prints.get(group[0].group) for group in groups]
        by_print = [GroupEvidence(w, None if p is None else names[p]) for w, p in zip(worths, prints, strict=True)]
        return max(best, capped(by_print, shape, c))

    whole = left(c)
    return whole if graph_nats <= 0 else max(whole, left(c - g) + graph_nats)


def printed_pairs(heads: Iterable[Sign], prints: Mapping[str, Observable]) -> int:
    """How many pairs of groups report the same rare fingerprint or certificate with the element."""
    counts = Counter(prints[head.group] for head in heads if head.group in prints)
    return sum(count * (count - 1) // 2 for count in counts.values())


def congruent_pairs(heads: Iterable[Sign]) -> int:
    """How many pairs of groups see the element repeat in the same period bucket."""
    counts = Counter(found for found in map(rhythm, heads) if found is not None)
    return sum(count * (count - 1) // 2 for count in counts.values())


def reported_hour(lead: Lead, elements: Sequence[Weighed]) -> int:
    """Since when anybody in the sector has known what a lead is about, by its reports and by what is remembered."""
    hour = elements[0].seen_hour if elements else None
    return lead.first_hour if hour is None else min(hour, lead.first_hour)


def second_first_hour(remembered: Mapping[str, int], signs: Iterable[Sign]) -> int | None:
    """When the second group had first seen the element; None where only one has: what a single group says proves
    neither old nor new, so it counts as new (and one more report can then only make it older, never newer)."""
    first = dict(remembered)
    for sign in signs:
        first[sign.group] = min(first.get(sign.group, sign.first_hour), sign.first_hour)
    return sorted(first.values())[1] if len(first) > 1 else None


def _penalty(those: Sequence[Observable], context: Context) -> tuple[float, tuple[str, ...]]:
    """D in nats, the worst of all that applies to an element or its company, and the names of what applies."""
    settings = context.settings
    price = {
        "known": settings.known_nats,
        "popular": settings.popular_nats,
        "shared": settings.popular_nats,
        "service": settings.service_nats,
    }
    penalties: list[tuple[str, float]] = []
    for at, observable in enumerate(those):
        of_one = [(name, price[grade]) for name, grade in context.lists.of(observable)]
        if observable in context.register:
            of_one.append(("sector-register", settings.cleared_nats))
        if observable in context.cleared:
            of_one.append(("earlier-verdict", settings.cleared_nats))
        penalties += [(f"{name} ({observable.value})" if at else name, nats) for name, nats in of_one]
    return max((nats for _, nats in penalties), default=0.0), tuple(name for name, _ in penalties)
