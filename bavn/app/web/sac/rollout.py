"""The SAC console's roll-out: who is where on the way in, plan against fact, what blocks whom; steps by a person; and
the same as files.

Refuses to hold the register: a file and the command line do.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import rollout as acts
from bavn.app.centre.rollout_calendar import calendar
from bavn.app.centre.rollout_csv import iso_day, text_of
from bavn.app.centre.rollout_parts import rollout_over, rows_of
from bavn.app.reports.apart import timeline_apart
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.bodies import Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.filing import installed
from bavn.centre.desk.rolling import RollOut
from bavn.centre.desk.rollout_facts import Stand
from bavn.model.sector.rollout import FOLLOWED, NEEDS, PATH, STAGES, STEPS, Need
from bavn.model.text import Language

Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "ics": "text/calendar; charset=utf-8", "png": "image/png"}


class PlannedShape(Shape):
    """A state of the way in: the day planned now and first, and the day it was reached (days since 1970)."""

    stage: str
    says: TextShape
    day: int | None
    first_day: int | None
    reached_day: int | None


class MovedShape(Shape):
    """A step that was taken. ``evidence``: SHA-256 of what it rests on, or empty; ``by_hand``: the centre did not
    verify it."""

    at_us: int
    act: str
    to: str
    says: TextShape
    by: str
    why: str
    evidence: str
    by_hand: bool


class WaitsShape(Shape):
    """Whom an actor waits for, and the state that the other one must have come to."""

    actor: str
    until: str
    says: TextShape


class WayShape(Shape):
    """A step that a state offers by hand. ``to`` None: back to where it stood; ``protocol``: it rests on a protocol;
    ``proved``: one was taken in for it; ``does``: what it does to the member, or "nothing"; ``onward``: it leads to the
    next state of the way in."""

    act: str
    to: TextShape | None
    protocol: bool
    proved: bool
    does: str
    onward: bool


class StandShape(Shape):
    """How one actor stands. ``late_days``: how long its next state is overdue; ``missing``: what its next step needs;
    ``unmet``: whom it waits for; ``may``: the steps that its state offers you by hand, ``ways`` the same described."""

    actor: str
    title: str
    kind: str
    region: str
    stage: str
    says: TextShape
    since_us: int
    member: str | None
    next: str | None
    next_says: TextShape | None
    due_day: int | None
    late_days: int
    missing: list[TextShape]
    unmet: list[WaitsShape]
    holds_up: list[str]
    path: list[PlannedShape]
    moves: list[MovedShape]
    may: list[str]
    ways: list[WayShape]


class RolloutShape(Shape):
    """All of the register; ``outside``: members that it does not know. ``today``: days since 1970."""

    today: int
    actors: list[StandShape]
    outside: list[str]


router = APIRouter(prefix="/rollout", tags=["rollout"])
"""Below ``/rollout``."""


@router.get("", operation_id="rollout")
def rollout(context: Context, person: Annotated[Person, allow(Right.READ)]) -> RolloutShape:
    """Every actor of the register, by name: state, plan and fact, and what blocks whom."""
    opened = _opened(context)
    stands, outside = opened.stands()
    today = opened.today()
    return RolloutShape(today=today, actors=[_shape(one, today, person) for one in stands], outside=outside)


@router.get("/files/{form}", operation_id="rollout_file", response_class=Response)
def file(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    form: Literal["csv", "ics", "png"],
    language: Language = "en",
) -> Response:
    """The register with its plan (as ``bavn centre rollout import`` reads it), the plan as a calendar, or the chart
    of plan against fact."""
    return Response(
        _filed(context, form, language),
        media_type=MEDIA[form],
        headers={
            "content-disposition": f'attachment; filename="bavn-rollout.{form}"',
            "cache-control": "no-store",
        },
    )


@router.get("/{actor}", operation_id="rollout_actor")
def one(context: Context, person: Annotated[Person, allow(Right.READ)], actor: Named) -> StandShape:
    """One actor's whole way."""
    return _stand(context, actor, person)


@router.post("/{actor}/steps", operation_id="rollout_step", description=acts.step.__doc__)
def step(
    context: Context, person: Annotated[Person, allow(acts.step)], actor: Named, body: acts.StepRequest
) -> StandShape:
    acts.step(_opened(context), person.name, actor, body)
    return _stand(context, actor, person)


@router.put("/{actor}/plan", operation_id="rollout_plan", description=acts.plan.__doc__)
def plan(
    context: Context, person: Annotated[Person, allow(acts.plan)], actor: Named, body: acts.PlanRequest
) -> StandShape:
    acts.plan(_opened(context), person.name, actor, body)
    return _stand(context, actor, person)


def _opened(context: SacContext) -> RollOut:
    return rollout_over(context.file, context.registry, context.clock)


def _filed(context: SacContext, form: Literal["csv", "ics", "png"], language: Language) -> bytes:
    opened = _opened(context)
    (stands, _), today, sector = opened.stands(), opened.today(), context.file.centre.limits.sector
    if form == "csv":
        return ("\ufeff" + text_of(rows_of(opened, stands))).encode()
    if form == "ics":
        return calendar(stands, language, sector=sector, now_us=opened.now_us()).encode()
    with installed():
        return timeline_apart(stands, language, sector=sector, today=today, day=iso_day(today))


def _stand(context: SacContext, actor: str, person: Person) -> StandShape:
    opened = _opened(context)
    with refusing(*acts.REFUSES):
        return _shape(opened.stand(actor), opened.today(), person)


def _shape(stand: Stand, today: int, person: Person) -> StandShape:
    party = stand.party
    steps = [step for step in STEPS if step.come_from is party.stage and step.act not in FOLLOWED]
    steps = steps if person.may(acts.step.right) else []
    return filled(
        StandShape,
        party,
        stand,
        says=TextShape.of(STAGES[party.stage]),
        next_says=None if stand.next is None else TextShape.of(STAGES[stand.next]),
        late_days=0 if stand.due_day is None else max(0, today - stand.due_day),
        missing=[TextShape.of(NEEDS[need]) for need in stand.missing],
        unmet=[
            WaitsShape(actor=wait.other, until=wait.until.value, says=TextShape.of(STAGES[wait.until]))
            for wait in stand.unmet
        ],
        path=_path(stand),
        moves=_moves(stand),
        may=[step.act.value for step in steps],
        ways=[
            WayShape(
                act=step.act.value,
                to=None if step.to is None else TextShape.of(STAGES[step.to]),
                protocol=Need.PROTOCOL in step.needs,
                does=step.does.value,
                proved=Need.PROTOCOL in step.needs and Need.PROTOCOL not in stand.missing,
                onward=step.to is not None and step.to is stand.next,
            )
            for step in steps
        ],
    )


def _path(stand: Stand) -> list[PlannedShape]:
    planned = {each.stage: each for each in stand.plan}
    return [
        PlannedShape(
            stage=stage.value,
            says=TextShape.of(STAGES[stage]),
            reached_day=stand.reached_day(stage),
            day=planned[stage].day if stage in planned else None,
            first_day=planned[stage].first_day if stage in planned else None,
        )
        for stage in PATH[1:]
    ]


def _moves(stand: Stand) -> list[MovedShape]:
    return [filled(MovedShape, move, says=TextShape.of(STAGES[move.to])) for move in stand.moves]
