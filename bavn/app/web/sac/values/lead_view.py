"""A lead as the console shows it: a line of the queue, and the whole with its timeline."""

from collections.abc import Sequence

from bavn.app.acts.centre.cases import Named
from bavn.app.web.frame import TextShape, filled
from bavn.app.web.sac.shapes import Amount, Shape, hour_us
from bavn.centre.books.ignored import PutAside
from bavn.centre.books.leads import LeadView
from bavn.centre.cases.case.case import Case
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
    now_us: int,
    aside: PutAside | None,
    seeing: Sequence[DetectorCoverage],
    review: Review,
) -> LeadShown:
    """The whole lead. ``seeing``: what each actor could see now; ``review``: the lead in words."""
    lead = view.lead
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
        first_us=hour_us(review.first_hour),
        last_us=hour_us(lead.last_hour),
        had_us=view.first_us,
        now_us=now_us,
        case=None if case is None else _case(case.id, case.state, case.owner),
        ignored=None if aside is None else filled(IgnoredShown, aside),
        behind=TextShape.of(behind(seeing, (sign.detector for sign in lead.signs), lead.actors).says),
    )


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
