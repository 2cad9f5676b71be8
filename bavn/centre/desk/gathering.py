"""Facts for a document, gathered from the centre's tables: cases, leads, members, questions, what came from outside.

What is taken out here is what a document can say: no actor's name, no observable. Indicators and their clocks are
gathering_clocks.py's. Refuses to word or to weigh anything.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from bavn.centre.books import tables as t
from bavn.centre.books.first_sighting import first_sighting_us
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.files import marking_of
from bavn.centre.cases.case.involved import actor_counts
from bavn.centre.cases.intelligence.proposal_pages import claimed_between
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.detector_coverage import CAN
from bavn.centre.desk.gathering_clocks import indicator_facts
from bavn.centre.desk.intel_posted import posted_by
from bavn.centre.members.partners import Partners
from bavn.centre.members.registry import joined_in
from bavn.centre.publish.facts import (
    CaseFact,
    CountFact,
    DocumentFacts,
    LeadFact,
    LevelSet,
    MemberFact,
    OutsideFact,
    Period,
    QuestionFact,
)
from bavn.centre.publish.threat import Threat
from bavn.centre.share.delivery_figures import first_met_in_cases
from bavn.centre.store.engine import reading
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US
from bavn.model.sector.coverage import SIGHTS
from bavn.model.sector.member import ActorState

LEADS_MAX: Final = 50_000
QUESTIONS_MAX: Final = 10_000
SPAN_DAYS: Final = 7
SPANS_MAX: Final = 13
ALONE: Final = "list"
"""The kind of a source that stands for no partner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """What a document is to be about. ``source_partners``: source -> its partner's name, or empty; ``leads``: whether
    it tells of leads, which are many and long."""

    sector: str
    period: Period
    tlp: Tlp
    sorts: Mapping[str, tuple[Threat, str]]
    levels: tuple[LevelSet, ...]
    source_partners: Mapping[str, str]
    leads: bool = True


def gather(desk: Desk, partners: Partners, request: DocumentRequest) -> DocumentFacts:
    """Everything that a document of this period is built from."""
    first, last = request.period.first_us // DAY_US, request.period.end_us // DAY_US - 1
    known, kinds = desk.cases.every(), {partner.name: partner.kind for partner in partners.every()}
    counts, *by_span = _counts(desk, [(first, last), *_spans(first, last)])
    with reading(desk.engine) as connection:
        cases = _cases(connection, known, request)
        leads = _leads(connection, request.period) if request.leads else ()
        joined = joined_in(connection)
        outside = _outside(connection, kinds, request)
    return DocumentFacts(
        sector=request.sector,
        period=request.period,
        now_us=desk.now_us(),
        tlp=request.tlp,
        cases=cases,
        leads=leads,
        indicators=indicator_facts(desk, request.period),
        counts=counts,
        counts_by_span=tuple(count for span in by_span for count in span if count.kind == "all"),
        members=_members(desk, joined),
        outside=outside,
        questions=_questions(desk),
        levels=request.levels,
    )


def _cases(connection: Connection, cases: tuple[Case, ...], request: DocumentRequest) -> tuple[CaseFact, ...]:
    """Those that were opened or confirmed since the period before began, and those that are open."""
    actors = actor_counts(connection)
    met = first_met_in_cases(connection, [case.id for case in cases])
    case_facts = []
    for case in cases:
        marking = marking_of(connection, case.id)
        threat, by = request.sorts.get(case.id, (None, ""))
        techniques = marking.techniques or ((case.facts.technique,) if case.facts.technique else ())
        case_facts.append(
            CaseFact(
                id=case.id,
                state=case.state,
                tlp=marking.tlp,
                rsit=marking.rsit,
                threat=threat,
                threat_by=by,
                techniques=tuple(techniques),
                actors=max(case.facts.actors, actors.get(case.id, 0)),
                opened_us=case.opened_us,
                first_sighting_us=first_sighting_us(case.clocks.first_sighting_us, (met.get(case.id),)),
                confirmed_us=case.clocks.confirmed_us,
            )
        )
    return tuple(sorted(case_facts, key=lambda one: one.id))


def _leads(connection: Connection, period: Period) -> tuple[LeadFact, ...]:
    query = (
        select(t.LEADS)
        .where(t.LEADS.c.first_us >= period.first_us, t.LEADS.c.first_us < period.end_us)
        .order_by(t.LEADS.c.first_us, t.LEADS.c.id)
        .limit(LEADS_MAX)
    )
    lead_facts = []
    for row in connection.execute(query):
        lead = json.loads(row.body)["lead"]
        techniques = tuple(sorted({sign["technique"] for sign in lead["signs"]}))
        lead_facts.append(
            LeadFact(
                id=row.id, first_us=row.first_us, alive=row.alive, actors=len(lead["actors"]), techniques=techniques
            )
        )
    return tuple(lead_facts)


def _spans(first: int, last: int) -> list[tuple[int, int]]:
    """Weeks that end with the period; days before the first whole one are left out."""
    number = min(SPANS_MAX, (last + 1 - first) // SPAN_DAYS)
    starts = [last + 1 - SPAN_DAYS * at for at in range(number, 0, -1)]
    return [(start, start + SPAN_DAYS - 1) for start in starts]


def _counts(desk: Desk, spans: Sequence[tuple[int, int]]) -> list[tuple[CountFact, ...]]:
    return [
        tuple(
            CountFact(
                first_day=first,
                last_day=last,
                what=count.what,
                entry=count.entry,
                kind=count.kind,
                told=count.told,
                value=count.value,
                low=count.low,
                high=count.high,
            )
            for count in counted
        )
        for (first, last), counted in zip(spans, desk.counts_of(spans), strict=True)
    ]


def _members(desk: Desk, joined: Mapping[str, int]) -> tuple[MemberFact, ...]:
    """Without names, and in an order that tells none. ``joined``: actor -> since when; who is not in it never was."""
    seeing = {eye.actor: eye for eye in desk.coverage()}
    facts = [
        MemberFact(
            sees=tuple(name for name in SIGHTS if seeing[member.actor.name].by(name) == CAN)
            if member.actor.name in seeing
            else (),
            kind=member.actor.kind,
            active=member.actor.state is ActorState.ACTIVE,
            functions=member.role.functions,
            health_us=None if member.health is None else member.health.received_us,
            sensor="" if member.health is None else member.health.sensor,
            loss_permille=0 if member.health is None else member.health.capture_loss_permille,
            since_us=joined.get(member.actor.name, desk.now_us()),
            against=seeing[member.actor.name].against if member.actor.name in seeing else "",
        )
        for member in desk.members()
    ]
    return tuple(
        sorted(facts, key=lambda fact: (fact.kind, fact.functions, fact.health_us or 0, fact.sensor, fact.sees))
    )


def _outside(connection: Connection, kinds: Mapping[str, str], request: DocumentRequest) -> tuple[OutsideFact, ...]:
    """``kinds``: partner -> its kind."""
    of_kind: dict[str, set[str]] = {}
    for source, partner in request.source_partners.items():
        of_kind.setdefault(kinds.get(partner, ALONE), set()).add(source)
    for name, kind in kinds.items():
        of_kind.setdefault(kind, set()).add(posted_by(name))
    period, outside_facts = request.period, []
    for kind, names in sorted(of_kind.items()):
        parties, proposed, met = claimed_between(connection, names, period.first_us, period.end_us)
        if proposed:
            outside_facts.append(OutsideFact(kind=kind, parties=parties, proposed=proposed, met=met))
    return tuple(outside_facts)


def _questions(desk: Desk) -> tuple[QuestionFact, ...]:
    question_facts = []
    for view in desk.questions.every(QUESTIONS_MAX):
        states = [{answer.state for answer in one.answers} for one in view.actors]
        question_facts.append(
            QuestionFact(
                id=view.question.id,
                asked_us=view.question.asked_us,
                to=len(view.actors),
                answered=sum(bool(state) for state in states),
                met=sum("met" in state for state in states),
                declined=sum(state == {"declined"} for state in states),
            )
        )
    return tuple(question_facts)
