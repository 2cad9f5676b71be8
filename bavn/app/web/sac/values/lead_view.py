"""A lead as the console shows it: a line of the queue, and the whole with its timeline and its graph."""

from collections.abc import Sequence

from bavn.app.acts.centre.cases import Named
from bavn.app.web.frame import TextShape, filled
from bavn.app.web.sac.shapes import Amount, Shape, hour_us
from bavn.centre.books.ignored import PutAside
from bavn.centre.books.leads import LeadView
from bavn.centre.cases.case.calibration import Calibration
from bavn.centre.cases.case.case import Case
from bavn.centre.correlate.kin import NETWORK_WEIGHT, links_of
from bavn.centre.correlate.review.review import Brief, Review
from bavn.centre.desk.detector_coverage import DetectorCoverage, behind
from bavn.centre.desk.lead_pages import LeadLine
from bavn.model.evidence import p_of_bucket
from bavn.model.sector.case import CASE_WORDS, CaseState
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.lead import Lead, Sign

REASONS_SHOWN = 3


class CaseOfLead(Shape):
    """The case that a lead has."""

    id: str
    state: CaseState
    state_said: TextShape
    owner: str


class LeadSummary(Shape):
    """A line of the queue. ``opening``: what it is, in a sentence; ``why``: its strongest evidence in a few words,
    ``against``: what speaks against it most; ``reasons``: what moves its priority most, the largest first. Hours are
    shown by their beginning; ``had_us``: when the centre first had it. ``hangs_on``: an actor without which it would be
    no lead."""

    id: str
    rank: int
    priority: float
    score: float
    opening: TextShape
    observables: list[Named]
    actors: list[str]
    techniques: list[str]
    why: list[TextShape]
    against: TextShape
    reasons: list[Amount]
    first_us: int
    last_us: int
    had_us: int
    alive: bool
    hangs_on: list[str]
    case: CaseOfLead | None
    ignored_until_us: int | None


class WithoutShown(Shape):
    """How the lead would stand if this actor had reported nothing; ``rank`` None: no lead."""

    actor: str
    score: float
    rank: int | None
    why: TextShape


class SignShown(Shape):
    """One actor's report on one element. ``p_at_most``: the largest p of its bucket; ``hosts``: its bucket."""

    actor: str
    group: str
    element: Named
    tier: str
    round_id: str
    detector: str
    technique: str
    p_at_most: float
    hosts: str
    first_us: int
    last_us: int
    received_us: int


class ElementShown(Shape):
    """An element of the lead with its own score. ``groups``: how many independent ones report it; ``listed``:
    something speaks for its innocence."""

    element: Named
    score: float
    groups: int
    listed: bool
    terms: list[Amount]


class GraphNode(Shape):
    """``kind``: element or actor. ``score`` of elements."""

    id: str
    kind: str
    label: str
    type: str
    score: float | None = None


class GraphEdge(Shape):
    """``kind``: reports (an actor an element), story (told as one suspicion by ``actors``), network (one /24 or
    /48)."""

    source: str
    target: str
    kind: str
    actors: tuple[str, ...] = ()
    at_us: int | None = None


class JudgedLike(Shape):
    """How cases with such a score were judged; the share lies in [least, most] with 95 %."""

    judged: int
    confirmed: int
    least: float
    most: float


class IgnoredShown(Shape):
    """A lead that was put aside: until when, by whom, why."""

    until_us: int
    by: str
    why: str


class ReviewShown(Shape):
    """The lead as a person weighs it, in words: what speaks for it and against it, the strongest first; what to do
    first; what is claimed; the pace and client of each actor; what is known of it and what is not; what would change
    it; what it touches."""

    evidence: list[TextShape]
    against: list[TextShape]
    todo: list[TextShape]
    claim: list[TextShape]
    rhythm: list[TextShape]
    known: list[TextShape]
    changes: list[TextShape]
    matters: list[TextShape]


class LeadShown(Shape):
    """A lead with all that stands behind it. ``opening``: what it is, in a sentence; ``score`` is the sum of ``terms``;
    ``priority`` adds ``reasons``."""

    id: str
    rank: int
    alive: bool
    score: float
    priority: float
    opening: TextShape
    observables: list[Named]
    actors: list[str]
    techniques: list[str]
    review: ReviewShown
    terms: list[Amount]
    reasons: list[Amount]
    without: list[WithoutShown]
    elements: list[ElementShown]
    reports: list[SignShown]
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    like: JudgedLike
    first_us: int
    last_us: int
    first_report_us: int
    had_us: int
    now_us: int
    case: CaseOfLead | None
    ignored: IgnoredShown | None
    behind: TextShape


HOSTS = ("1", "2-3", "4-10", "> 10")


def summary(line: LeadLine, review: Brief) -> LeadSummary:
    """A line of the queue. ``review``: the lead in words."""
    lead = line.view.lead
    reasons = sorted([*_terms(lead), *_reasons(lead)], key=lambda reason: (-abs(reason.amount), reason.name))
    case = None
    if line.case_id is not None and line.case_state is not None:
        case = _case(line.case_id, line.case_state, line.owner)
    return filled(
        LeadSummary,
        lead,
        line,
        line.view,
        observables=[Named.of(observable) for observable in lead.observables],
        techniques=_techniques(lead),
        opening=TextShape.of(review.opening),
        why=[TextShape.of(one) for one in review.short],
        against=TextShape.of(review.against[0]),
        reasons=reasons[:REASONS_SHOWN],
        first_us=hour_us(review.first_hour),
        last_us=hour_us(lead.last_hour),
        had_us=line.view.first_us,
        hangs_on=[without.actor for without in line.view.without if without.rank is None],
        case=case,
    )


def shown(
    view: LeadView,
    case: Case | None,
    fared: Calibration,
    now_us: int,
    aside: PutAside | None,
    seeing: Sequence[DetectorCoverage],
    review: Review,
) -> LeadShown:
    """The whole lead. ``seeing``: what each actor could see now; ``review``: the lead in words."""
    lead = view.lead
    like = fared.bin_of(lead.score)
    nodes, edges = graph(view)
    return filled(
        LeadShown,
        lead,
        view,
        observables=[Named.of(observable) for observable in lead.observables],
        techniques=_techniques(lead),
        opening=TextShape.of(review.opening),
        review=ReviewShown(
            **{part: [TextShape.of(one) for one in getattr(review, part)] for part in ReviewShown.model_fields}
        ),
        terms=_terms(lead),
        reasons=_reasons(lead),
        without=[filled(WithoutShown, without, why=TextShape.of(without.why)) for without in view.without],
        elements=[
            filled(
                ElementShown,
                element,
                element=Named.of(element.observable),
                terms=[Amount(name=t.name, amount=t.nats, why=TextShape.of(t.why)) for t in element.terms],
            )
            for element in view.elements
        ],
        reports=[_sign(sign) for sign in sorted(lead.signs, key=lambda s: (s.first_hour, s.received_us, s.actor))],
        nodes=nodes,
        edges=edges,
        like=filled(JudgedLike, like),
        first_us=hour_us(review.first_hour),
        last_us=hour_us(lead.last_hour),
        had_us=view.first_us,
        now_us=now_us,
        case=None if case is None else _case(case.id, case.state, case.owner),
        ignored=None if aside is None else filled(IgnoredShown, aside),
        behind=TextShape.of(behind(seeing, (sign.detector for sign in lead.signs), lead.actors).says),
    )


def graph(view: LeadView) -> tuple[list[GraphNode], list[GraphEdge]]:
    """Actors, elements, who reports what, and what elements have to do with each other."""
    by_element: dict[object, list[Sign]] = {}
    for sign in view.lead.signs:
        by_element.setdefault(sign.observable, []).append(sign)
    links = links_of(by_element)  # type: ignore[arg-type]
    nodes = [GraphNode(id=f"actor:{name}", kind="actor", label=name, type="actor") for name in view.lead.actors]
    nodes += [
        GraphNode(
            id=str(element.observable),
            kind="element",
            label=element.observable.value,
            type=element.observable.type.value,
            score=element.score,
        )
        for element in view.elements
    ]
    edges = [
        GraphEdge(
            source=f"actor:{sign.actor}", target=str(sign.observable), kind="reports", at_us=hour_us(sign.first_hour)
        )
        for sign in view.lead.signs
    ]
    for element, others in links.together.items():
        edges += [
            GraphEdge(source=str(element), target=str(other), kind="story", actors=tuple(sorted(actors)))
            for other, actors in others.items()
            if str(element) < str(other)
        ]
    for element, near in links.weights.items():
        edges += [
            GraphEdge(source=str(element), target=str(other), kind="network")
            for other, weight in near.items()
            if weight == NETWORK_WEIGHT and str(element) < str(other)
        ]
    return nodes, edges


def spread(signs: Sequence[Sign]) -> list[tuple[str, int]]:
    """(actor, first hour in us), in the order in which they saw it."""
    first: dict[str, int] = {}
    for sign in signs:
        first[sign.actor] = min(first.get(sign.actor, sign.first_hour), sign.first_hour)
    return [(actor, hour_us(hour)) for actor, hour in sorted(first.items(), key=lambda pair: (pair[1], pair[0]))]


def _case(case_id: str, state: CaseState, owner: str) -> CaseOfLead:
    return CaseOfLead(id=case_id, state=state, state_said=TextShape.of(CASE_WORDS[state]), owner=owner)


def _techniques(lead: Lead) -> list[str]:
    return sorted({sign.technique for sign in lead.signs})


def _terms(lead: Lead) -> list[Amount]:
    return [Amount(name=one.name, amount=one.nats, why=TextShape.of(one.why)) for one in lead.terms]


def _reasons(lead: Lead) -> list[Amount]:
    return [
        Amount(name=one.name, amount=one.points, why=TextShape.of(one.why), of=_about(one.name)) for one in lead.reasons
    ]


def _about(name: str) -> TextShape | None:
    """What a reason is about, in words: a function's name, or the supplier's own."""
    kind, _, of = name.partition(":")
    if kind == "function" and of in FUNCTIONS:
        return TextShape.of(FUNCTIONS[of].words)
    return TextShape(en=of, da=of) if of else None


def _sign(sign: Sign) -> SignShown:
    return filled(
        SignShown,
        sign,
        element=Named.of(sign.observable),
        p_at_most=p_of_bucket(sign.p_bucket),
        hosts=HOSTS[sign.hosts_bucket],
        first_us=hour_us(sign.first_hour),
        last_us=hour_us(sign.last_hour),
    )
