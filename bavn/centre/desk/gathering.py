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
from bavn.centre.cases import audit
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.files import marking_of
from bavn.centre.cases.case.involved import actor_counts
from bavn.centre.cases.intelligence.proposal_pages import claimed_between
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.detector_coverage import CAN
from bavn.centre.desk.gathering_clocks import indicator_facts
from bavn.centre.desk.intel_posted import posted_by
from bavn.centre.members.partners import Partners
from bavn.centre.publish.catalogue import named_in
from bavn.centre.publish.facts import (
    CaseFact,
    Catalogue,
    CountFact,
    DocumentFacts,
    LeadFact,
    LevelSet,
    MemberFact,
    OutsideFact,
    Period,
    QuestionFact,
    SectorQuartiles,
)
from bavn.centre.publish.threat import Threat
from bavn.centre.store.engine import reading
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US
from bavn.model.sector.coverage import SIGHTS
from bavn.model.sector.member import ActorState

LEADS_MAX: Final = 50_000
COMMENTS_MAX: Final = 100_000
QUESTIONS_MAX: Final = 10_000
WEAKNESSES_MAX: Final = 50
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
    catalogue: Catalogue | None = None
    leads: bool = True
    quartiles: SectorQuartiles | None = None


def gather(desk: Desk, partners: Partners, asked: DocumentRequest) -> DocumentFacts:
    """Everything that a document of this period is built from."""
    first, last = asked.period.first_us // DAY_US, asked.period.end_us // DAY_US - 1
    known, kinds = desk.cases.every(), {one.name: one.kind for one in partners.every()}
    counts, *by_span = _counts(desk, [(first, last), *_spans(first, last)])
    with reading(desk.engine) as connection:
        cases = _cases(connection, known, asked)
        leads = _leads(connection, asked.period) if asked.leads else ()
        outside = _outside(connection, kinds, asked)
    return DocumentFacts(
        sector=asked.sector,
        period=asked.period,
        now_us=desk.now_us(),
        tlp=asked.tlp,
        cases=cases,
        leads=leads,
        indicators=indicator_facts(desk, asked.period),
        counts=counts,
        counts_by_span=tuple(one for span in by_span for one in span if one.kind == "all"),
        members=_members(desk),
        outside=outside,
        questions=_questions(desk),
        catalogue=asked.catalogue,
        levels=asked.levels,
        quartiles=asked.quartiles,
        bounds=desk.bounds,
    )


def _cases(connection: Connection, cases: tuple[Case, ...], asked: DocumentRequest) -> tuple[CaseFact, ...]:
    """Those that were opened or confirmed since the period before began, and those that are open."""
    actors = actor_counts(connection)
    weak = _weaknesses(connection, asked.period.before.first_us)
    made = []
    for case in cases:
        marking = marking_of(connection, case.id)
        threat, by = asked.sorts.get(case.id, (None, ""))
        techniques = marking.techniques or ((case.facts.technique,) if case.facts.technique else ())
        made.append(
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
                first_sighting_us=case.clocks.first_sighting_us,
                confirmed_us=case.clocks.confirmed_us,
                weaknesses=tuple(sorted(weak.get(case.id, ()))[:WEAKNESSES_MAX]),
            )
        )
    return tuple(sorted(made, key=lambda one: one.id))


def _weaknesses(connection: Connection, since_us: int) -> dict[str, set[str]]:
    """case -> CVE ids in its remarks."""
    found: dict[str, set[str]] = {}
    for case_id, text in audit.details(connection, "comment", since_us, COMMENTS_MAX):
        found.setdefault(case_id, set()).update(named_in(text))
    return found


def _leads(connection: Connection, period: Period) -> tuple[LeadFact, ...]:
    asked = (
        select(t.LEADS)
        .where(t.LEADS.c.first_us >= period.first_us, t.LEADS.c.first_us < period.end_us)
        .order_by(t.LEADS.c.first_us, t.LEADS.c.id)
        .limit(LEADS_MAX)
    )
    made = []
    for row in connection.execute(asked):
        lead = json.loads(row.body)["lead"]
        techniques = tuple(sorted({sign["technique"] for sign in lead["signs"]}))
        made.append(
            LeadFact(
                id=row.id, first_us=row.first_us, alive=row.alive, actors=len(lead["actors"]), techniques=techniques
            )
        )
    return tuple(made)


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
                what=one.what,
                entry=one.entry,
                kind=one.kind,
                told=one.told,
                value=one.value,
                low=one.low,
                high=one.high,
            )
            for one in counted
        )
        for (first, last), counted in zip(spans, desk.counts_of(spans), strict=True)
    ]


def _members(desk: Desk) -> tuple[MemberFact, ...]:
    """Without names, and in an order that tells none."""
    seeing = {eye.actor: eye for eye in desk.coverage()}
    made = [
        MemberFact(
            sees=tuple(name for name in SIGHTS if seeing[one.actor.name].by(name) == CAN)
            if one.actor.name in seeing
            else (),
            kind=one.actor.kind,
            active=one.actor.state is ActorState.ACTIVE,
            functions=one.role.functions,
            heard_us=None if one.health is None else one.health.received_us,
            sensor="" if one.health is None else one.health.sensor,
            loss_permille=0 if one.health is None else one.health.capture_loss_permille,
            against=seeing[one.actor.name].against if one.actor.name in seeing else "",
        )
        for one in desk.members()
    ]
    return tuple(sorted(made, key=lambda one: (one.kind, one.functions, one.heard_us or 0, one.sensor, one.sees)))


def _outside(connection: Connection, kinds: Mapping[str, str], asked: DocumentRequest) -> tuple[OutsideFact, ...]:
    """``kinds``: partner -> its kind."""
    of_kind: dict[str, set[str]] = {}
    for source, partner in asked.source_partners.items():
        of_kind.setdefault(kinds.get(partner, ALONE), set()).add(source)
    for name, kind in kinds.items():
        of_kind.setdefault(kind, set()).add(posted_by(name))
    period, made = asked.period, []
    for kind, names in sorted(of_kind.items()):
        parties, proposed, met = claimed_between(connection, names, period.first_us, period.end_us)
        if proposed:
            made.append(OutsideFact(kind=kind, parties=parties, proposed=proposed, met=met))
    return tuple(made)


def _questions(desk: Desk) -> tuple[QuestionFact, ...]:
    made = []
    for view in desk.questions.every(QUESTIONS_MAX):
        states = [{answer.state for answer in one.answers} for one in view.actors]
        made.append(
            QuestionFact(
                id=view.question.id,
                asked_us=view.question.asked_us,
                to=len(view.actors),
                answered=sum(bool(state) for state in states),
                met=sum("met" in state for state in states),
                declined=sum(state == {"declined"} for state in states),
            )
        )
    return tuple(made)
