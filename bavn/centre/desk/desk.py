"""The centre's desk: what command line and console ask and do, in any process on the same database.

Questions give frozen values. An act writes to a case and to the audit log; what follows from it outside the centre the
running service carries out at its next step. Refuses to send anything.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

from sqlalchemy import Engine, select

from bavn.centre.books import codec, first_sighting
from bavn.centre.books import tables as t
from bavn.centre.books.canaries import Chain, chains
from bavn.centre.books.clocks import ClockBook
from bavn.centre.books.ignored import Ignored
from bavn.centre.books.leads import LeadView, SqlLeadBook
from bavn.centre.books.rounds import SqlRoundBook
from bavn.centre.cases import audit
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Files
from bavn.centre.cases.case.notices import PartNotice, part_notices, whole_part_notices
from bavn.centre.cases.case.pages import CaseAsk, CaseLine, case_counts, case_page, owners
from bavn.centre.cases.case.people import People
from bavn.centre.cases.case.rows import standing
from bavn.centre.cases.case.work import Work
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.nis2.clocks import Nis2Book
from bavn.centre.cases.nis2.draft import DraftFacts
from bavn.centre.cases.questions import Questions
from bavn.centre.cases.reminders import Reminders
from bavn.centre.cases.sector_switch import SectorSwitch
from bavn.centre.cases.set_apart import ApartBook
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.correlate.priority import without_supplier
from bavn.centre.correlate.review.review import Brief, Review, brief, review
from bavn.centre.correlate.round_state import Round
from bavn.centre.correlate.score import reported_hour
from bavn.centre.correlate.sharing import malicious_mean
from bavn.centre.desk.alarms import Alarms
from bavn.centre.desk.case.release_view import WouldRelease, would_release
from bavn.centre.desk.case.timeline import Moment, timeline
from bavn.centre.desk.counts import Count, spent, sums
from bavn.centre.desk.detector_coverage import DetectorCoverage, coverage_of_actors
from bavn.centre.desk.lead_facts import facts_of
from bavn.centre.desk.lead_pages import LeadAsk, LeadLine, lead_page
from bavn.centre.desk.participation import took_part
from bavn.centre.desk.views import CellStory, IndicatorView, MemberView, Quarantined, RoundSummary
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.share.deliveries import Deliveries
from bavn.centre.share.stages import CanaryStages, StageRules
from bavn.centre.share.tables import make_tables as make_share_tables
from bavn.model.moment import DAY_US
from bavn.model.ports import Clock
from bavn.model.received import NodeHealth
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.functions import Role
from bavn.model.sector.lead import UnknownLead
from bavn.model.sector.work import TaskState
from bavn.model.text import Text

ROUNDS_SHOWN_MAX = 1000


class Desk:
    """Makes the tables it needs; may be open in several processes at once. What one room answers alone is asked of that
    room's own object, which stands here by its name."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        registry: Registry,
        questions: Questions | None = None,
        settings: CaseSettings | None = None,
        indicators: Indicators | None = None,
    ) -> None:
        t.make_missing(engine, t.METADATA)
        make_share_tables(engine)
        self.engine = engine
        self._clock = clock
        self._registry = registry
        self._roles = Roles(registry, clock)
        self.cases = Cases(engine, clock)
        self.lead_book = SqlLeadBook(engine)
        self._rounds = SqlRoundBook(engine)
        self.ignored = Ignored(engine, clock)
        self.deliveries = Deliveries(engine)
        self.ring = CanaryStages(engine, StageRules())
        self.questions = questions or Questions(engine, clock)
        self.files = Files(engine, clock)
        self.work = Work(engine, clock, settings)
        self.people = People(engine, clock)
        self.reminders = Reminders(engine, clock)
        self.indicator_book = indicators or Indicators(engine, clock, IndicatorSettings())
        self.upkeep = Upkeep(self.indicator_book, self.cases.policies)
        self.switch = SectorSwitch(engine, clock)
        self.apart = ApartBook(engine, clock)
        self.alarms = Alarms(engine, clock, self.apart)
        self.times = ClockBook(self.cases, self.indicator_book, self.deliveries, self.switch)

    # --- leads and cases ---------------------------------------------------------------------------------------

    def lead(self, lead_id: str) -> LeadView:
        """A lead, alive or not. Raises UnknownLead."""
        view = self.lead_book.lead(lead_id)
        if view is None:
            raise UnknownLead(Text("no lead is called {lead_id}", lead_id=repr(lead_id[:60])))
        return view

    def reviews(self, views: Sequence[LeadView]) -> tuple[Review, ...]:
        """Each lead as a person weighs it, in words."""
        roles = self._roles.every()
        return tuple(
            replace(weighed, matters=(*weighed.matters, *without_supplier(view.lead, roles)))
            for view, weighed in zip(views, self._weighed(views, review), strict=True)
        )

    def briefs(self, views: Sequence[LeadView]) -> tuple[Brief, ...]:
        """Of each lead what a list says of it."""
        return self._weighed(views, brief)

    def _weighed[R](self, views: Sequence[LeadView], weigh: Callable[..., R]) -> tuple[R, ...]:
        members = self._registry.members()[1]
        sector, kinds = len({actor.group for actor in members}), {actor.name: actor.kind for actor in members}
        reported = [(reported_hour(view.lead, view.elements), view.lead.observables) for view in views]
        with t.reading(self.engine) as connection:
            hours = first_sighting.hours_of_leads(connection, reported)
        return tuple(
            weigh(view.lead, view.elements, view.without, sector, kinds, hour)
            for view, hour in zip(views, hours, strict=True)
        )

    def lead_page(
        self, ask: LeadAsk, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[LeadLine, ...], int]:
        """Leads with their cases, best first, behind (rank, id); and how many there are in all."""
        return lead_page(self.engine, ask, limit, self.now_us(), after)

    def malicious_mean(self) -> tuple[float, int]:
        """How many actors a campaign reaches on average, and on how many confirmed elements that rests."""
        confirmed = self.cases.verdicts("malicious")
        return malicious_mean(confirmed.values()), len(confirmed)

    def case_page(self, ask: CaseAsk, limit: int, after: tuple[int, str] | None = None) -> tuple[CaseLine, ...]:
        """Cases with what is owed in them, the latest first, behind (opened_us, id)."""
        return case_page(self.engine, ask, limit, self.now_us(), after)

    def case_counts(self, ask: CaseAsk) -> dict[CaseState, int]:
        """How many of these cases stand where."""
        return case_counts(self.engine, ask)

    def case_owners(self) -> tuple[str, ...]:
        """Who owns a case, by name."""
        return owners(self.engine)

    def open_case(self, lead_id: str, user: str) -> Case:
        """By hand; the lead's case if it has one. Raises UnknownLead, who.NotAllowed."""
        view = self.lead(lead_id)
        case = self.cases.open(facts_of(view, self.thresholds()), user)
        signs = [(sign.actor, sign.observable, sign.technique) for sign in view.lead.signs]
        self.work.involved.reported(lead_id, signs)
        return case

    def standing(self, case_id: str) -> int:
        """Counts up with everything done to a case: what a person saw, to be named with the next act."""
        with t.reading(self.engine) as connection:
            return standing(connection, case_id)

    def part_states(self, case_id: str) -> dict[str, tuple[int, str, str]]:
        """actor -> (version, pending | queued | refused, rule) of its part of a case."""
        return part_notices(self.engine, case_id)

    def part_notices(self, case_id: str) -> tuple[PartNotice, ...]:
        """What each actor was told of a case, whole."""
        return whole_part_notices(self.engine, case_id)

    def would_release(self, case_id: str) -> tuple[WouldRelease, ...]:
        """What of a case would go out if it were released now, and how. Raises cases.UnknownCase."""
        return would_release(self.cases.case(case_id), self.files.marking(case_id), self.indicator_book)

    def timeline(self, case_id: str) -> tuple[Moment, ...]:
        """Everything that happened in a case and in those merged into it, in order. Raises cases.UnknownCase."""
        case = self.cases.case(case_id)
        ids = [case_id, *self.files.merged_from(case_id)]
        lines = sorted((line for one in ids for line in self.cases.audit_lines(one)), key=lambda line: line.seq)
        own = [view for view in self.indicators() if view.kept.indicator.case_id in ids]
        seen = [(view.kept, view.actors, self.deliveries.sightings(view.kept.indicator.id)) for view in own]
        return timeline(case, lines, seen, self.first_sighting(case))

    def first_sighting(self, case: Case) -> int | None:
        """When what a case is about was first seen anywhere, by report or in somebody's history; us, of an hour."""
        with t.reading(self.engine) as connection:
            return first_sighting.of_case(connection, case.clocks, [case.id, *self.files.merged_from(case.id)])

    def confirmed_by(self, case_id: str) -> str:
        """Who confirmed a case last; empty if nobody did."""
        return self.cases.last_by(case_id, CaseAct.CONFIRM)[0]

    def now_us(self) -> int:
        """What time it is at the centre."""
        return self._clock.now_us()

    def nis2(self, zone: tzinfo) -> Nis2Book:
        """NIS2's clocks of all cases; months are counted in this zone."""
        return Nis2Book(self.engine, self._clock, zone)

    def nis2_facts(self, case_id: str, actor: str, zone: tzinfo) -> DraftFacts:
        """What a draft of a report to the authority is filled from. Raises cases.UnknownCase."""
        own = [view for view in self.indicators() if view.kept.indicator.case_id == case_id]
        in_force = [
            (str(view.kept.indicator.observable), there.enforced_us)
            for view in own
            if view.kept.live
            for there in view.actors
            if there.actor == actor
        ]
        role = self._roles.every().get(actor, Role())
        case = self.cases.case(case_id)
        return DraftFacts(
            case=case,
            first_us=self.first_sighting(case),
            view=self.nis2(zone).view(case_id, actor),
            zone=zone,
            functions=role.functions,
            suppliers=role.suppliers,
            done=tuple(
                (one.text, one.met_us[2])
                for one in self.work.tasks(case_id)
                if one.actor == actor and one.state is TaskState.DONE and one.met_us[2] is not None
            ),
            released=tuple(sorted(str(view.kept.indicator.observable) for view in own if view.kept.live)),
            blocked=tuple(sorted((name, at_us) for name, at_us in in_force if at_us is not None)),
        )

    def audit_export(self) -> Iterator[str]:
        """The whole audit log, one JSON object a line."""
        return audit.export(self.engine)

    def audit_verify(self) -> audit.BadAuditLine | None:
        """None when the audit log's chain holds."""
        return audit.verify(self.engine)

    # --- rounds ------------------------------------------------------------------------------------------------

    def thresholds(self) -> dict[str, int]:
        """tier -> the t of its latest round."""
        with t.reading(self.engine) as connection:
            tiers = connection.scalars(select(t.ROUNDS.c.tier).distinct()).all()
        latest = (self._rounds.latest(tier) for tier in sorted(tiers))
        return {found.params.tier: found.params.t for found in latest if found is not None}

    def rounds(
        self, limit: int = 20, *, tier: str = "", after: tuple[int, str] | None = None
    ) -> tuple[RoundSummary, ...]:
        """The latest rounds first; ``after``: (opened_us, id) of the last one shown."""
        opened, id_ = t.ROUNDS.c.opened_us, t.ROUNDS.c.id
        query = select(t.ROUNDS.c.body).order_by(opened.desc(), id_.desc())
        if tier:
            query = query.where(t.ROUNDS.c.tier == tier)
        if after is not None:
            query = query.where((opened <= after[0]) & ((opened < after[0]) | (id_ < after[1])))
        with t.reading(self.engine) as connection:
            rounds = [codec.read_round(body) for body in connection.scalars(query.limit(min(limit, ROUNDS_SHOWN_MAX)))]
        return tuple(self._summary(found) for found in rounds)

    def summary(self, round_id: str) -> RoundSummary | None:
        """One round; None where it is unknown or forgotten."""
        state = self._rounds.round(round_id)
        return None if state is None else self._summary(state)

    def _summary(self, round_: Round) -> RoundSummary:
        with t.reading(self.engine) as connection:
            refusals = connection.execute(
                select(t.REFUSALS)
                .where(t.REFUSALS.c.round_id == round_.id)
                .order_by(t.REFUSALS.c.actor, t.REFUSALS.c.rule)
            ).all()
            quarantined = connection.execute(select(t.QUARANTINE).where(t.QUARANTINE.c.round_id == round_.id)).all()
        return RoundSummary(
            round=round_,
            uploaded=tuple(sorted(round_.actor_of(x) for x in self._rounds.uploaded(round_.id))),
            turned_away=tuple((row.actor, row.rule, row.times) for row in refusals),
            quarantined=len(quarantined),
        )

    def cells(self, round_id: str) -> tuple[CellStory, ...]:
        """Every hit of a round and what came of it; empty for a round that is unknown or forgotten."""
        state = self._rounds.round(round_id)
        if state is None:
            return ()
        view = self._rounds.view(state)
        stories = []
        for hit in view.hits:
            about = [entry for entry in view.asked if entry.cell == hit.cell and entry.x in hit.holders]
            requested = {entry.x for entry in about if entry.step > 0}
            receipts = {entry.x for entry in about}
            answers = [one for one in view.answers if one.cell == hit.cell and one.x in hit.holders]
            stories.append(
                CellStory(
                    table=hit.cell.table,
                    bin=hit.cell.bin,
                    holders=tuple(state.actor_of(x) for x in hit.holders),
                    asked=tuple(state.actor_of(x) for x in hit.holders if x in requested),
                    named=tuple((state.actor_of(a.x), a.sign.observable) for a in answers if a.sign is not None),
                    declined=tuple(state.actor_of(a.x) for a in answers if a.sign is None),
                    receipts=tuple(state.actor_of(x) for x in hit.holders if x in receipts),
                )
            )
        return tuple(stories)

    def quarantine(self) -> tuple[Quarantined, ...]:
        """Cells whose holders disagree, for a person to look at."""
        query = select(t.QUARANTINE).order_by(*t.QUARANTINE.primary_key.columns)
        with t.reading(self.engine) as connection:
            return tuple(
                Quarantined(
                    row.round_id,
                    row.cell_table,
                    row.cell_bin,
                    tuple((actor, value) for actor, value, _ in json.loads(row.named)),
                )
                for row in connection.execute(query)
            )

    # --- indicators and members --------------------------------------------------------------------------------

    def indicators(self) -> tuple[IndicatorView, ...]:
        """All indicators, the latest release first."""
        return tuple(
            IndicatorView(kept, self.deliveries.at_actors(kept.indicator.id)) for kept in self.deliveries.every()
        )

    def counts(self, first_day: int, last_day: int) -> tuple[Count, ...]:
        """The sector's counts over days since 1970 (UTC), both included, with their noise."""
        return self.counts_of([(first_day, last_day)])[0]

    def counts_of(self, spans: Sequence[tuple[int, int]]) -> list[tuple[Count, ...]]:
        """The same for several spans of days, which are read together."""
        kinds = {actor.name: actor.kind for actor in self._registry.actors()}
        return [sums(self.engine, kinds, first_day, last_day, len(spans)) for first_day, last_day in spans]

    def counts_spent(self, first_day: int, last_day: int) -> tuple[tuple[str, int, float, float], ...]:
        """(actor, days told, epsilon of them, the most of any 30 days in a row), by name."""
        return spent(self.engine, first_day, last_day)

    def chains(self) -> Mapping[str, Chain]:
        """actor -> how far its latest canary came."""
        return chains(self.engine)

    def coverage(self) -> tuple[DetectorCoverage, ...]:
        """What each actor could see now."""
        now_us = self.now_us()
        return coverage_of_actors(self.members(), took_part(self.engine, now_us - DAY_US), self.chains(), now_us)

    def members(self) -> tuple[MemberView, ...]:
        """All actors, by name, with their nodes' last word on how they are."""
        with t.reading(self.engine) as connection:
            health = {row.actor: NodeHealth.of(json.loads(row.body)) for row in connection.execute(select(t.HEALTH))}
        roles = self._roles.every()
        return tuple(
            MemberView(actor, health.get(actor.name), roles.get(actor.name, Role()))
            for actor in self._registry.actors()
        )
