"""The SAC console's overview: the sector at a glance, each claim with where it comes from.

What nobody knows is said to be missing, never made up. Refuses to judge: the desk's own questions are shown.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query

from bavn.app.access.rights import Right
from bavn.app.centre.count_words import KINDS
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.overview_words import BAD, BLIND, MISSING, STATES
from bavn.app.web.sac.shapes import Shape
from bavn.app.web.sac.values.lead_view import LeadSummary, summary
from bavn.centre.cases.case.pages import CaseAsk
from bavn.centre.desk.case.handover import handover
from bavn.centre.desk.lead_pages import LeadAsk, LeadLine
from bavn.centre.desk.participation import TookPart, took_part
from bavn.centre.desk.views import MemberView
from bavn.centre.members import rollout
from bavn.model.health import ROUNDS_PERCENT_MIN
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.node_health import condition_of
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.member import ActorKind, ActorState
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.work import DueState

LEADS_SHOWN: Final = 8
TOUCHING: Final = 50
"""Of so many leads, the first, is counted whom they touch."""
DEADLINES_SHOWN: Final = 10


class Coded(Shape):
    """A code and its words."""

    code: str
    says: TextShape


class HealthShown(Shape):
    """How a node last said it was. ``sensor``: up, down or none."""

    at_us: int
    version: str
    sensor: str
    capture_loss_permille: int
    clock_skew_s: int
    queue_messages: int


class Tile(Shape):
    """An actor. ``standing``: good, watch (a blind spot), bad (nothing or little is seen), absent (no node). ``region``
    None: the register does not know. ``rounds``, ``uploaded``: of the last day's, in how many it took part."""

    name: str
    kind: ActorKind
    kind_said: TextShape
    group: str
    region: str | None
    state: ActorState
    state_said: TextShape
    standing: str
    blind: list[Coded]
    functions: list[TextShape]
    suppliers: list[str]
    health: HealthShown | None
    rounds: int
    uploaded: int
    last_round_us: int | None
    leads: int


class KindSum(Shape):
    """Actors of one kind, and how many of them the sector sees well."""

    kind: ActorKind
    says: TextShape
    actors: int
    well: int


class Owed(Shape):
    """Something that an actor owes and whose time has passed, or soon will. ``what``: a step of a task, or nis2, where
    ``report`` says which."""

    case_id: str
    actor: str
    what: str
    report: TextShape | None = None
    due_us: int
    overdue: bool


class SectorNow(Shape):
    """How much there is: leads that wait for somebody, cases by state, indicators by state, the kill switch; alarms
    that stand, and those of them that nobody has taken on."""

    leads: int
    leads_waiting: int
    cases: dict[str, int]
    indicators: dict[str, int]
    tasks_overdue: int
    nis2_overdue: int
    kill_switch: bool
    alarms: int
    alarms_untaken: int


class SectorOverview(Shape):
    """The sector at a glance. ``missing``: what is not shown because nobody knows it. ``handover``: what the next
    person on a shift must know beside what waits: deadlines of actors, and whose clocks are not known here."""

    sector: str
    now_us: int
    now: SectorNow
    kinds: list[KindSum]
    actors: list[Tile]
    leads: list[LeadSummary]
    deadlines: list[Owed]
    handover: list[TextShape]
    missing: list[Coded]


router = APIRouter(prefix="/overview", tags=["overview"])
"""Below /overview."""


@router.get("", operation_id="overview")
def overview(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    budget: Annotated[int, Query(ge=1, le=50, description="Leads to show.")] = LEADS_SHOWN,
) -> SectorOverview:
    """The sector now: actors, what waits, and what is not known."""
    return context.answers.of(("overview", budget), lambda: looked_at(context, budget))


def looked_at(context: SacContext, budget: int) -> SectorOverview:
    """All of it."""
    desk, now_us = context.desk, context.clock.now_us()
    waiting, waits = desk.lead_page(LeadAsk(stands="waiting"), budget)
    top, leads = desk.lead_page(LeadAsk(), TOUCHING)
    took = took_part(desk.engine, now_us - DAY_US)
    actors = tiles(desk.members(), took, top, now_us, rollout.regions(context.desk.engine))
    owed = deadlines(context, now_us)
    standing = desk.alarms.every(standing=True)
    known = {"regions": all(tile.region for tile in actors)}
    return SectorOverview(
        sector=context.sector,
        now_us=now_us,
        actors=actors,
        kinds=kinds(actors),
        now=SectorNow(
            leads=leads,
            leads_waiting=waits,
            cases={state.value: number for state, number in desk.case_counts(CaseAsk()).items()},
            indicators=desk.times.life_counts(),
            kill_switch=desk.times.switch_on(),
            tasks_overdue=sum(item.overdue and item.what != "nis2" for item in owed),
            nis2_overdue=sum(item.overdue and item.what == "nis2" for item in owed),
            alarms=len(standing),
            alarms_untaken=sum(not alarm.acked_by for alarm in standing),
        ),
        leads=[summary(*each) for each in zip(waiting, desk.briefs([line.view for line in waiting]), strict=True)],
        deadlines=owed[:DEADLINES_SHOWN],
        handover=[TextShape.of(line) for line in handover(desk, context.zone)],
        missing=[Coded(code=code, says=TextShape.of(words)) for code, words in MISSING.items() if not known[code]],
    )


def tiles(
    members: Sequence[MemberView],
    took: Mapping[str, TookPart],
    top: Sequence[LeadLine],
    now_us: int,
    regions: Mapping[str, str],
) -> list[Tile]:
    """Every actor that is not shut out, by kind and name."""
    touched: dict[str, int] = {}
    for line in top:
        for actor in line.view.lead.actors:
            touched[actor] = touched.get(actor, 0) + 1
    tiles = [
        _tile(
            member,
            touched.get(member.actor.name, 0),
            regions.get(member.actor.name, ""),
            took.get(member.actor.name),
            blind_spots(member, took.get(member.actor.name), now_us),
        )
        for member in members
        if member.actor.state is not ActorState.REVOKED
    ]
    return sorted(tiles, key=lambda tile: (tile.kind, tile.name))


def blind_spots(member: MemberView, took: TookPart | None, now_us: int) -> list[str]:
    """Codes of BLIND, the worst first."""
    health = member.health
    if member.actor.state is not ActorState.ACTIVE:
        return ["no-node"]
    if health is None:
        return ["never-heard"]
    share = 1.0 if took is None or not took.rounds else took.uploaded / took.rounds
    condition = condition_of(health, now_us)
    looked = {
        "silent": condition.silent,
        "sensor-down": condition.sensor_down,
        "no-rounds": took is not None and took.uploaded == 0,
        "no-sensor": condition.no_sensor,
        "loss": condition.lossy,
        "few-rounds": 0 < 100 * share < ROUNDS_PERCENT_MIN,
        "clock": condition.clock_off,
        "backlog": condition.backlog,
    }
    return [code for code, found in looked.items() if found]


def kinds(actors: Sequence[Tile]) -> list[KindSum]:
    """How many of each kind, and how many of these are seen well."""
    named: dict[ActorKind, list[Tile]] = {}
    for tile in actors:
        named.setdefault(tile.kind, []).append(tile)
    return [
        KindSum(kind=kind, says=mine[0].kind_said, actors=len(mine), well=sum(tile.standing == "good" for tile in mine))
        for kind, mine in named.items()
    ]


def deadlines(context: SacContext, now_us: int) -> list[Owed]:
    """What is overdue or due soon, at every actor, the earliest first."""
    desk = context.desk
    soon_us = desk.work.settings.soon_hours * HOUR_US
    due = [
        Owed(case_id=task.case_id, actor=task.actor, what=step, due_us=due_us, overdue=state is DueState.OVERDUE)
        for task in desk.work.tasks(running=True)
        for step, due_us, state in task.dues(now_us, soon_us)
        if state in (DueState.OVERDUE, DueState.SOON)
    ]
    due += [
        Owed(
            case_id=view.case_id,
            actor=view.actor,
            what="nis2",
            report=TextShape.of(NAMES[view.next_report]),
            due_us=view.next_us,
            overdue=view.overdue,
        )
        for view in desk.nis2(context.zone).views()
        if view.next_us is not None and view.next_report is not None
    ]
    return sorted(due, key=lambda one: (one.due_us, one.case_id, one.actor, one.what))


def _tile(member: MemberView, leads: int, region: str, took: TookPart | None, codes: Sequence[str]) -> Tile:
    actor, health = member.actor, member.health
    standing = "absent" if codes == ["no-node"] else "bad" if BAD & set(codes) else "watch" if codes else "good"
    return filled(
        Tile,
        actor,
        member.role,
        kind=_kind(actor.kind),
        kind_said=TextShape.of(KINDS[actor.kind]),
        region=region or None,
        state_said=TextShape.of(STATES[actor.state]),
        standing=standing,
        blind=[Coded(code=code, says=TextShape.of(BLIND[code])) for code in codes],
        functions=[TextShape.of(FUNCTIONS[name].words) for name in member.role.functions],
        health=None if health is None else filled(HealthShown, health, at_us=health.received_us),
        rounds=0 if took is None else took.rounds,
        uploaded=0 if took is None else took.uploaded,
        last_round_us=None if took is None else took.last_us,
        leads=leads,
    )


def _kind(kind: str) -> ActorKind:
    return kind if kind in KINDS else "other"  # type: ignore[return-value]  # the register's own words
