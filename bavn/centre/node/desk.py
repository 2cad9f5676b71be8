"""The centre's desk: what command line and console ask and do, in any process on the same database.

Questions give frozen values. An act writes to a case and to the audit log; what follows from it outside the centre the
running service carries out at its next step. Refuses to send anything.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, select

from bavn.centre.cases import audit
from bavn.centre.cases.case import Case, ElementFacts, LeadFacts, ReleaseTerms
from bavn.centre.cases.cases import Cases
from bavn.centre.cases.policies import Policies
from bavn.centre.correlate.round_state import Round
from bavn.centre.correlate.score import Weighed
from bavn.centre.members.registry import Registry
from bavn.centre.node import tables as t
from bavn.centre.node import written
from bavn.centre.node.clock import IndicatorClock, clock_of
from bavn.centre.node.lead_book import LeadView, SqlLeadBook
from bavn.centre.node.round_book import SqlRoundBook
from bavn.centre.share.deliveries import AtActor, Deliveries, Kept
from bavn.centre.share.tables import make_tables as make_share_tables
from bavn.model.case import CaseAct
from bavn.model.heard import NodeHealth, Observed
from bavn.model.member import Actor
from bavn.model.observable import Observable
from bavn.model.ports import Clock

ROUNDS_SHOWN_MAX = 1000


class UnknownLead(Exception):
    """No lead has that id. The person who asked must act."""


class UnknownIndicator(Exception):
    """No indicator has that id. The person who asked must act."""


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """A round for people. ``turned_away``: (actor, rule, times). ``quarantined``: cells whose holders disagree."""

    round: Round
    uploaded: tuple[str, ...]
    turned_away: tuple[tuple[str, str, int], ...]
    quarantined: int


@dataclass(frozen=True, slots=True)
class CellStory:
    """Why an element was revealed or not: who hold this cell, who was asked to name it, who did, who declined."""

    table: int
    bin: int
    holders: tuple[str, ...]
    asked: tuple[str, ...]
    named: tuple[tuple[str, Observable], ...]
    declined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A cell whose holders named different values: (actor, what it named)."""

    round_id: str
    table: int
    bin: int
    named: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """An indicator and what became of it at each actor."""

    kept: Kept
    actors: tuple[AtActor, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """An actor, and how its node said it was, if it did."""

    actor: Actor
    health: NodeHealth | None


class Desk:
    """Makes the tables it needs; may be open in several processes at once."""

    def __init__(self, engine: Engine, clock: Clock, registry: Registry) -> None:
        t.METADATA.create_all(engine)
        make_share_tables(engine)
        self.engine = engine
        self._clock = clock
        self._registry = registry
        self._cases = Cases(engine, clock)
        self._leads = SqlLeadBook(engine)
        self._rounds = SqlRoundBook(engine)
        self._deliveries = Deliveries(engine)

    # --- leads and cases ---------------------------------------------------------------------------------------

    def leads(self, limit: int = 20) -> tuple[LeadView, ...]:
        """The leads as last ranked, best first."""
        return self._leads.leads(limit)

    def lead(self, lead_id: str) -> LeadView:
        """A lead, alive or not. Raises UnknownLead."""
        found = self._leads.lead(lead_id)
        if found is None:
            raise UnknownLead(f"no lead is called {lead_id[:60]!r}")
        return found

    def cases(self) -> tuple[Case, ...]:
        """All cases, the latest first."""
        return self._cases.every()

    def case(self, case_id: str) -> Case:
        """Raises cases.UnknownCase."""
        return self._cases.case(case_id)

    def open_case(self, lead_id: str, user: str) -> Case:
        """By hand; the lead's case if it has one. Raises UnknownLead, who.NotAllowed."""
        return self._cases.open(facts_of(self.lead(lead_id), self.thresholds()), user)

    def act(self, case_id: str, act: CaseAct, user: str, why: str = "", terms: ReleaseTerms | None = None) -> Case:
        """A step in a case's life-cycle by a named person; see Cases.act for what it raises."""
        return self._cases.act(case_id, act, user, why, terms)

    def comment(self, case_id: str, user: str, text: str) -> None:
        """A remark on a case."""
        self._cases.comment(case_id, user, text)

    def history(self, case_id: str) -> list[audit.AuditLine]:
        """All that was done to a case, in order."""
        return self._cases.audit_lines(case_id)

    def audit_export(self) -> Iterator[str]:
        """The whole audit log, one JSON object a line."""
        return audit.export(self.engine)

    def audit_verify(self) -> audit.BadAuditLine | None:
        """None when the audit log's chain holds."""
        return audit.verify(self.engine)

    @property
    def policies(self) -> Policies:
        """Standing policies: propose, approve, end."""
        return self._cases.policies

    # --- rounds ------------------------------------------------------------------------------------------------

    def thresholds(self) -> dict[str, int]:
        """tier -> the t of its latest round."""
        with t.reading(self.engine) as connection:
            tiers = connection.scalars(select(t.ROUNDS.c.tier).distinct()).all()
        latest = (self._rounds.latest(tier) for tier in sorted(tiers))
        return {found.params.tier: found.params.t for found in latest if found is not None}

    def rounds(self, limit: int = 20) -> tuple[RoundSummary, ...]:
        """The latest rounds first."""
        asked = select(t.ROUNDS.c.body).order_by(t.ROUNDS.c.opened_us.desc(), t.ROUNDS.c.id)
        with t.reading(self.engine) as connection:
            rounds = [
                written.read_round(body) for body in connection.scalars(asked.limit(min(limit, ROUNDS_SHOWN_MAX)))
            ]
        return tuple(self._summary(found) for found in rounds)

    def _summary(self, round_: Round) -> RoundSummary:
        with t.reading(self.engine) as connection:
            refusals = connection.execute(
                select(t.REFUSALS).where(t.REFUSALS.c.round_id == round_.id)
                .order_by(t.REFUSALS.c.actor, t.REFUSALS.c.rule)
            ).all()  # fmt: skip
            quarantined = connection.execute(select(t.QUARANTINE).where(t.QUARANTINE.c.round_id == round_.id)).all()
        return RoundSummary(
            round=round_,
            uploaded=tuple(sorted(round_.actor_of(x) for x in self._rounds.uploaded(round_.id))),
            turned_away=tuple((row.actor, row.rule, row.times) for row in refusals),
            quarantined=len(quarantined),
        )

    def cells(self, round_id: str) -> tuple[CellStory, ...]:
        """Every hit of a round and what came of it; empty for a round that is unknown or forgotten."""
        found = self._rounds.round(round_id)
        if found is None:
            return ()
        view = self._rounds.view(found)
        stories = []
        for hit in view.hits:
            asked = {entry.x for entry in view.asked if entry.cell == hit.cell and entry.step > 0}
            answers = [one for one in view.answers if one.cell == hit.cell and one.x in hit.holders]
            stories.append(
                CellStory(
                    table=hit.cell.table,
                    bin=hit.cell.bin,
                    holders=tuple(found.actor_of(x) for x in hit.holders),
                    asked=tuple(found.actor_of(x) for x in hit.holders if x in asked),
                    named=tuple((found.actor_of(a.x), a.sign.observable) for a in answers if a.sign is not None),
                    declined=tuple(found.actor_of(a.x) for a in answers if a.sign is None),
                )
            )
        return tuple(stories)

    def quarantine(self) -> tuple[Quarantined, ...]:
        """Cells whose holders disagree, for a person to look at."""
        asked = select(t.QUARANTINE).order_by(*t.QUARANTINE.primary_key.columns)
        with t.reading(self.engine) as connection:
            return tuple(
                Quarantined(
                    row.round_id, row.cell_table, row.cell_bin,
                    tuple((actor, value) for actor, value, _ in json.loads(row.named)),
                )
                for row in connection.execute(asked)
            )  # fmt: skip

    # --- indicators and members --------------------------------------------------------------------------------

    def indicators(self) -> tuple[IndicatorView, ...]:
        """All indicators, the latest release first."""
        return tuple(
            IndicatorView(kept, self._deliveries.at_actors(kept.indicator.id)) for kept in self._deliveries.every()
        )

    def clock(self, indicator_id: str) -> IndicatorClock:
        """From first sighting to enforced at each actor, and the slowest step. Raises UnknownIndicator."""
        kept = self._deliveries.get(indicator_id)
        if kept is None:
            raise UnknownIndicator(f"no indicator is called {indicator_id[:60]!r}")
        case = self._cases.case(kept.indicator.case_id)
        return clock_of(case.clocks, kept, self._deliveries.at_actors(indicator_id))

    def sightings(self, indicator_id: str) -> tuple[Observed, ...]:
        """What actors met of an indicator: live, blocked, and in their history (retro)."""
        return self._deliveries.sightings(indicator_id)

    def members(self) -> tuple[MemberView, ...]:
        """All actors, by name, with their nodes' last word on how they are."""
        with t.reading(self.engine) as connection:
            health = {row.actor: NodeHealth(**json.loads(row.body)) for row in connection.execute(select(t.HEALTH))}
        return tuple(MemberView(actor, health.get(actor.name)) for actor in self._registry.actors())


def facts_of(view: LeadView, thresholds: dict[str, int]) -> LeadFacts:
    """What a case needs of a lead."""
    counts: dict[str, int] = {}
    for sign in view.lead.signs:
        counts[sign.technique] = counts.get(sign.technique, 0) + 1
    return LeadFacts(
        lead_id=view.lead.id,
        score=view.lead.score,
        elements=tuple(_element_facts(element, thresholds) for element in view.elements),
        technique=min(counts, key=lambda technique: (-counts[technique], technique)),
        actors=len(view.lead.actors),
        first_hour=view.lead.first_hour,
        first_report_us=view.first_report_us,
        lead_us=view.first_us,
    )


def _element_facts(element: Weighed, thresholds: dict[str, int]) -> ElementFacts:
    return ElementFacts(
        observable=element.observable,
        score=element.score,
        groups=element.groups,
        listed=element.listed,
        threshold=min(thresholds.get(sign.tier, 2) for sign in element.signs),
    )
