"""The SAC console's indicators: the life-cycle as a list with its acts, one indicator whole, who enforces.

Refuses to decide who may: the life-cycle's table and the book do.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import indicators as acts
from bavn.app.siem.rules.known import indicator_released, place_of
from bavn.app.web.exporting import in_stix
from bavn.app.web.frame import After, Limit, Person, Rows, Trouble, allow, filled, opened, page
from bavn.app.web.rule_shapes import IndicatorRules
from bavn.app.web.sac.bodies import Shape, Words
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.in_stix import released
from bavn.app.web.sac.indicator_shapes import (
    ClockShape,
    IndicatorRow,
    IndicatorWhole,
    clock_shape,
    row_of,
    whole_of,
)
from bavn.centre.books.clock import IndicatorClock
from bavn.centre.books.clocks import UnknownIndicator
from bavn.centre.cases.indicators.indicator import IndicatorStatus, Life
from bavn.centre.cases.indicators.pages import IndicatorFilter, indicators_page
from bavn.centre.share.delivery_pages import OwedTo, owed_to
from bavn.model.observable import ObservableType
from bavn.model.sector.indicator_life import LifeState
from bavn.model.text import Text

Id = Annotated[str, Path(pattern=r"^indicator--[0-9a-f-]{36}$")]
State = Annotated[LifeState | None, Query()]
Type = Annotated[ObservableType | None, Query(alias="type")]
CaseId = Annotated[str, Query(max_length=40)]
Wrong = Annotated[bool, Query(description="Only those that somebody found wrong.")]


class StateCount(Shape):
    """How many indicators stand here."""

    state: LifeState
    indicators: int


class Indicators(Rows[IndicatorRow]):
    """A page of indicators. ``states``: how many stand where, whatever is asked for."""

    states: list[StateCount]


class ClockRow(Shape):
    """The clock of one released indicator."""

    id: str
    value: str
    type: ObservableType
    clock: ClockShape
    released_to_last_s: float | None


class OwedRow(Shape):
    """One indicator at one actor: how its letter stands, and what the actor said."""

    id: str
    type: str
    value: str
    live: bool
    status: str
    rule: str
    queued_us: int | None
    said: str
    said_rule: str
    said_us: int | None
    enforced_by: list[str]
    not_carried_by: list[str]


router = APIRouter(prefix="/indicators", tags=["indicators"])
"""Below ``/indicators``."""


@router.get("", operation_id="indicators")
@in_stix(released())
def indicators(
    context: Context,
    person: Annotated[Person, allow(Right.READ)],
    limit: Limit = 100,
    after: After = None,
    q: Words = "",
    state: State = None,
    kind: Type = None,
    case_id: CaseId = "",
    wrong: Wrong = False,
) -> Indicators:
    """Indicators, the latest drafted first, each with the acts that its state offers you."""
    wanted = IndicatorFilter(state=state, kind=kind, words=q, case_id=case_id, judged=wrong)
    lives = indicators_page(context.desk.engine, wanted, limit + 1, opened(after, int, str))
    shown = page(lives, limit, lambda life: (life.drafted_us, life.id))
    rings = context.desk.ring.stands([life.id for life in shown.items if life.released_us is not None])
    items = [row_of(one, rings.get(one.life.id), person) for one in _standings(context, shown.items)]
    counts = context.desk.times.life_counts().items()
    states = [StateCount(state=LifeState(state), indicators=number) for state, number in counts]
    return Indicators(items=items, next=shown.next, states=states)


@router.get("/clocks", operation_id="indicator_clocks")
def clocks(context: Context, _: Annotated[Person, allow(Right.READ)], limit: Limit = 50) -> Rows[ClockRow]:
    """From first sighting to enforced, of the latest releases; each with its slowest step named."""
    latest = context.desk.times.clocks(limit)
    lives = context.desk.indicator_book.by_id([clock.indicator_id for clock in latest])
    return Rows(items=[_clock_row(clock, lives[clock.indicator_id]) for clock in latest])


@router.get("/at/{actor}", operation_id="indicators_at")
def at(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    actor: Annotated[str, Path(max_length=40)],
    limit: Limit = 100,
    after: After = None,
) -> Rows[OwedRow]:
    """What one actor was given and what it said came of each: queued, enforced, refused and why."""
    if context.registry.actor(actor) is None:
        raise Trouble(404, "unknown-actor", Text("There is no such member."))
    last = opened(after, str)
    owed = owed_to(context.desk.engine, actor, limit + 1, last[0] if last else "")
    return page([_owed_row(one) for one in owed], limit, lambda row: (row.id,))


def _owed_row(owed: OwedTo) -> OwedRow:
    return filled(
        OwedRow,
        owed,
        id=owed.indicator_id,
        said=owed.state,
        said_rule=owed.state_rule,
        said_us=owed.state_us,
        enforced_by=list(owed.enforcers),
        not_carried_by=list(owed.not_carried),
    )


@router.get("/{indicator_id}", operation_id="indicator")
def indicator(context: Context, person: Annotated[Person, allow(Right.READ)], indicator_id: Id) -> IndicatorWhole:
    """One indicator: what was found before release, where it stands at each actor, what it is worth, its clock and
    all that was done to it."""
    with refusing(*acts.REFUSES):
        return _whole(context, context.desk.indicator_book.get(indicator_id), person)


@router.post("", operation_id="draft_indicators", status_code=201, description=acts.draft.__doc__)
def draft(context: Context, person: Annotated[Person, allow(acts.draft)], body: acts.Drafting) -> Rows[IndicatorRow]:
    made = acts.draft(context.desk, person.name, body)
    return Rows(items=[_row(context, one, person) for one in _standings(context, made)])


@router.post("/{indicator_id}/acts", operation_id="act_on_indicator", description=acts.step.__doc__)
def act(
    context: Context, person: Annotated[Person, allow(acts.step)], indicator_id: Id, body: acts.Acting
) -> IndicatorWhole:
    return _whole(context, acts.step(context.desk.indicator_book, person.name, indicator_id, body), person)


@router.post("/{indicator_id}/approvals", operation_id="approve_indicator", description=acts.let_go.__doc__)
def approve(
    context: Context, person: Annotated[Person, allow(acts.let_go)], indicator_id: Id, body: acts.Approving
) -> IndicatorWhole:
    return _whole(context, acts.let_go(context.desk.indicator_book, person.name, indicator_id, body), person)


@router.post("/{indicator_id}/radius", operation_id="ask_radius", description=acts.ask_radius.__doc__)
def ask_radius(
    context: Context, person: Annotated[Person, allow(acts.ask_radius)], indicator_id: Id, body: acts.RadiusAsking
) -> IndicatorWhole:
    acts.ask_radius(context.desk, person.name, indicator_id, body)
    return _whole(context, context.desk.indicator_book.get(indicator_id), person)


def _standings(context: SacContext, lives: list[Life]) -> list[IndicatorStatus]:
    return context.desk.upkeep.statuses(lives, context.desk.now_us())


def _row(context: SacContext, standing: IndicatorStatus, person: Person) -> IndicatorRow:
    ringed = standing.life.released_us is not None
    return row_of(standing, context.desk.ring.stand(standing.life.id) if ringed else None, person)


def _whole(context: SacContext, life: Life, person: Person) -> IndicatorWhole:
    try:
        clock = clock_shape(context.desk.times.clock(life.id))
    except UnknownIndicator:
        clock = None
    known = indicator_released(context.desk, life.id)
    rules = IndicatorRules.of(known, context.clock.now_us(), place_of(context.file.console.address, life.id))
    return whole_of(context.desk, context.desk.upkeep.standing(life, context.desk.now_us()), person, clock, rules)


def _clock_row(clock: IndicatorClock, life: Life) -> ClockRow:
    steps = dict(clock.steps)
    released, last = steps["released"], steps["last_block"]
    lag = None if released is None or last is None else round((last - released) / 1_000_000, 3)
    return filled(ClockRow, life, life.observable, clock=clock_shape(clock), released_to_last_s=lag)
