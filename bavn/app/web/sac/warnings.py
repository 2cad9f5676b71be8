"""The SAC console's warnings: drafted, sent, changed, ended and taken back by a person; each actor's follow-up.

Refuses to send by itself: the running centre does, by gate 3.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import warnings as acts
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, filled, opened, page
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.cases.warnings.rows import AtActor, WarningView
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.model.intel.indicator import PapName, Tlp
from bavn.model.sector.sector_warning import ANSWERS, URGENCIES, WARNING_LIFE, WARNING_STATES, WarningState

Id = Annotated[str, Path(pattern=r"^warning-[0-9a-f]{16}$")]


class FollowUp(Shape):
    """How one actor stands. ``refused``: the rule of gate 3 that kept it back; ``words``: what it wrote, in order."""

    actor: str
    answer: str
    says: TextShape
    overdue: bool
    told_us: int | None
    acknowledged_us: int | None
    answered_us: int | None
    refused: str
    words: list[str]


class WarningRow(Shape):
    """A warning in a list, and how many actors stand how. ``may``: the acts that its state offers you."""

    id: str
    state: str
    says: TextShape
    version: int
    title: TextShape
    urgency: str
    urgency_says: TextShape
    tlp: Tlp
    sent_us: int | None
    acknowledge_us: int | None
    until_us: int | None
    changed_us: int
    by: str
    told: int
    acknowledged: int
    affected: int
    done: int
    overdue: int
    may: list[str]


class WarningWhole(Shape):
    """A warning, what it says, and actor by actor. ``reaches``: the active actors that its address reaches now."""

    row: WarningRow
    title: TextShape
    text: TextShape
    pap: PapName
    observables: list[str]
    acknowledge_hours: int
    hours: int
    drill: bool
    source: str
    ref: str
    address: acts.AddressShape
    reaches: list[str]
    actors: list[FollowUp]


router = APIRouter(prefix="/warnings", tags=["warnings"])
"""Below ``/warnings``."""


@router.get("", operation_id="warnings")
def warnings(
    context: Context,
    person: Annotated[Person, allow(Right.READ)],
    state: WarningState | None = None,
    limit: Limit = 50,
    after: After = None,
) -> Rows[WarningRow]:
    """The latest first."""
    found = _kept(context).every(limit + 1, state=state, after=opened(after, int, str))
    return page([_row(view, person) for view in found], limit, lambda row: (row.changed_us, row.id))


@router.get("/{warning_id}", operation_id="warning")
def warning(context: Context, person: Annotated[Person, allow(Right.READ)], warning_id: Id) -> WarningWhole:
    """One, with each actor's follow-up."""
    return _whole(context, warning_id, person)


@router.post("", operation_id="draft_warning", status_code=201)
def draft(context: Context, person: Annotated[Person, allow(acts.draft)], body: acts.WarningBody) -> WarningWhole:
    """A new draft, by hand."""
    return _whole(context, acts.draft(_kept(context), person.name, body).id, person)


@router.put("/{warning_id}", operation_id="edit_warning", description=acts.edit.__doc__)
def edit(
    context: Context, person: Annotated[Person, allow(acts.edit)], warning_id: Id, body: acts.Change
) -> WarningWhole:
    return _whole(context, acts.edit(_kept(context), person.name, warning_id, body).id, person)


@router.post("/{warning_id}/{act}", operation_id="act_on_warning", description=acts.step.__doc__)
def act(
    context: Context,
    person: Annotated[Person, allow(acts.step)],
    warning_id: Id,
    act: Literal["send", "end", "withdraw"],
    body: Because,
) -> WarningWhole:
    return _whole(context, acts.step(_kept(context), person.name, warning_id, act, body.why).id, person)


def _kept(context: SacContext) -> Warnings:
    return Warnings(context.registry.engine, context.clock)


def _row(view: WarningView, person: Person) -> WarningRow:
    kept = view.warning
    acts_ = sorted(act.value for state, act in WARNING_LIFE if state is kept.state)
    return filled(
        WarningRow,
        kept,
        kept.content,
        state=kept.state.value,
        says=TextShape.of(WARNING_STATES[kept.state]),
        title=TextShape.of(kept.content.headline),
        urgency=kept.content.urgency.value,
        urgency_says=TextShape.of(URGENCIES[kept.content.urgency]),
        may=acts_ if person.may(acts.step.right) else [],
        **acts.counts(view),
    )


def _whole(context: SacContext, warning_id: str, person: Person) -> WarningWhole:
    with refusing(*acts.REFUSES):
        view = _kept(context).get(warning_id)
    kept = view.warning
    return filled(
        WarningWhole,
        kept.content,
        row=_row(view, person),
        title=TextShape.of(kept.content.title),
        text=TextShape.of(kept.content.text),
        pap=kept.content.pap.name,
        observables=[str(observable) for observable in kept.content.observables],
        source=kept.origin.kind,
        ref=kept.origin.ref,
        address=filled(acts.AddressShape, kept.address),
        reaches=acts.reached(context.registry, context.clock, kept.address),
        actors=[_follow_up(actor) for actor in view.actors],
    )


def _follow_up(actor: AtActor) -> FollowUp:
    return filled(
        FollowUp,
        actor,
        answer=actor.answer.value,
        says=TextShape.of(ANSWERS[actor.answer]),
        refused=actor.rule,
        words=[said.words for said in actor.answers if said.words],
    )
