"""The SAC console's warnings: drafted, sent, changed, ended and taken back by a person; each actor's follow-up.

Refuses to send by itself: the running centre does, by gate 3.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, opened, page
from bavn.app.web.sac.bodies import Because, Kind, Name, Shape, Why, observable_of
from bavn.app.web.sac.context import SacContext
from bavn.app.web.sac.indicator_shapes import PAPS, PapName
from bavn.app.web.sac.refusals.answers import told
from bavn.centre.cases.warnings.rows import AtActor, UnknownWarning, WarningView
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.node.warning_post import addressees
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.sector.sector_warning import (
    ANSWERS,
    HOURS_MAX,
    NAMES_MAX,
    OBSERVABLES_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    URGENCIES,
    WARNING_LIFE,
    WARNING_STATES,
    Address,
    Content,
    NoSuchStep,
    Urgency,
    WarningState,
)
from bavn.model.text import Text

Id = Annotated[str, Path(pattern=r"^warning-[0-9a-f]{16}$")]
REFUSALS: Final[tuple[Kind, ...]] = (
    (UnknownWarning, 404, "unknown-warning", "you"),
    (NoSuchStep, 409, "not-now", "you"),
)
Title = Annotated[str, Field(min_length=1, max_length=TITLE_CHARS_MAX)]
Words = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
Some = Annotated[tuple[str, ...], Field(max_length=NAMES_MAX)]


class AddressShape(Shape):
    """To whom: whoever fits every list that is not empty, and the named actors; all empty, everybody."""

    kinds: Some = ()
    functions: Some = ()
    suppliers: Some = ()
    regions: Some = ()
    actors: Annotated[tuple[Name, ...], Field(max_length=NAMES_MAX)] = ()


class WarningBody(Shape):
    """What a warning says, in both languages, and to whom. ``hours``: how long it is in force."""

    title_en: Title
    title_da: Title
    text_en: Words
    text_da: Words
    urgency: Urgency = Urgency.IMPORTANT
    tlp: Tlp = Tlp.AMBER
    pap: PapName = "AMBER"
    observables: list[str] = Field(default=[], max_length=OBSERVABLES_MAX)
    acknowledge_hours: int = Field(default=24, ge=1, le=HOURS_MAX)
    hours: int = Field(default=14 * 24, ge=1, le=HOURS_MAX)
    address: AddressShape = AddressShape()


class Change(WarningBody):
    """The same, whole, and why it is changed."""

    why: Why


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
    text: TextShape
    pap: PapName
    observables: list[str]
    acknowledge_hours: int
    hours: int
    source: str
    ref: str
    address: AddressShape
    reaches: list[str]
    actors: list[FollowUp]


def routes(house: SacContext) -> APIRouter:
    """Below ``/warnings``."""
    router = APIRouter(prefix="/warnings", tags=["warnings"])

    @router.get("", operation_id="warnings")
    def warnings(
        person: Annotated[Person, allow(Right.READ)],
        state: WarningState | None = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Rows[WarningRow]:
        """The latest first."""
        found = _kept(house).every(limit + 1, state=state, after=opened(after, int, str))
        return page([_row(view, person) for view in found], limit, lambda row: (row.changed_us, row.id))

    @router.get("/{warning_id}", operation_id="warning")
    def warning(person: Annotated[Person, allow(Right.READ)], warning_id: Id) -> WarningWhole:
        """One, with each actor's follow-up."""
        with told(*REFUSALS):
            return _whole(house, warning_id, person)

    @router.post("", operation_id="draft_warning", status_code=201)
    def draft(person: Annotated[Person, allow(Right.TRIAGE)], body: WarningBody) -> WarningWhole:
        """A new draft, by hand."""
        with told(*REFUSALS):
            made = _kept(house).draft(_content(body), _address(body.address), person.name)
            return _whole(house, made.id, person)

    @router.put("/{warning_id}", operation_id="edit_warning")
    def edit(person: Annotated[Person, allow(Right.TRIAGE)], warning_id: Id, body: Change) -> WarningWhole:
        """Other words or another address; one that was sent goes out, and is answered, anew."""
        with told(*REFUSALS):
            _kept(house).edit(warning_id, person.name, body.why, content=_content(body), address=_address(body.address))
            return _whole(house, warning_id, person)

    @router.post("/{warning_id}/{act}", operation_id="act_on_warning")
    def act(
        person: Annotated[Person, allow(Right.TRIAGE)],
        warning_id: Id,
        act: Literal["send", "end", "withdraw"],
        body: Because,
    ) -> WarningWhole:
        """Send it, end it, or take it back."""
        kept = _kept(house)
        with told(*REFUSALS):
            {"send": kept.send, "end": kept.end, "withdraw": kept.withdraw}[act](warning_id, person.name, body.why)
            return _whole(house, warning_id, person)

    return router


def _kept(house: SacContext) -> Warnings:
    return Warnings(house.registry.engine, house.clock)


def _content(body: WarningBody) -> Content:
    return Content(
        title=Text.written(body.title_en, da=body.title_da),
        text=Text.written(body.text_en, da=body.text_da),
        urgency=body.urgency,
        tlp=body.tlp,
        pap=PAPS[body.pap],
        observables=tuple(map(observable_of, body.observables)),
        acknowledge_hours=body.acknowledge_hours,
        hours=body.hours,
    )


def _address(shape: AddressShape) -> Address:
    return Address(**{name: tuple(sorted(set(getattr(shape, name)))) for name in AddressShape.model_fields})


def _row(view: WarningView, person: Person) -> WarningRow:
    kept, actors = view.warning, view.actors
    answers = [one.answer.value for one in actors]
    acts = sorted(act.value for state, act in WARNING_LIFE if state is kept.state)
    return WarningRow(
        id=kept.id,
        state=kept.state.value,
        says=TextShape.of(WARNING_STATES[kept.state]),
        version=kept.version,
        title=TextShape.of(kept.content.title),
        urgency=kept.content.urgency.value,
        urgency_says=TextShape.of(URGENCIES[kept.content.urgency]),
        tlp=kept.content.tlp,
        sent_us=kept.sent_us,
        acknowledge_us=kept.acknowledge_us,
        until_us=kept.until_us,
        changed_us=kept.changed_us,
        by=kept.by,
        told=sum(one.told_us is not None for one in actors),
        acknowledged=sum(one.acknowledged_us is not None for one in actors),
        affected=answers.count("affected"),
        done=answers.count("done"),
        overdue=sum(one.overdue for one in actors),
        may=acts if person.may(Right.TRIAGE) else [],
    )


def _whole(house: SacContext, warning_id: str, person: Person) -> WarningWhole:
    view = _kept(house).get(warning_id)
    kept = view.warning
    who = addressees(house.registry, house.clock)
    return WarningWhole(
        row=_row(view, person),
        text=TextShape.of(kept.content.text),
        pap=_pap(kept.content.pap),
        observables=[str(one) for one in kept.content.observables],
        acknowledge_hours=kept.content.acknowledge_hours,
        hours=kept.content.hours,
        source=kept.origin.kind,
        ref=kept.origin.ref,
        address=AddressShape(**{name: getattr(kept.address, name) for name in AddressShape.model_fields}),
        reaches=[one.actor for one in who if kept.address.reaches(one)],
        actors=[_follow_up(one) for one in view.actors],
    )


def _pap(pap: Pap) -> PapName:
    return pap.name  # type: ignore[return-value]  # the same four names


def _follow_up(one: AtActor) -> FollowUp:
    return FollowUp(
        actor=one.actor,
        answer=one.answer.value,
        says=TextShape.of(ANSWERS[one.answer]),
        overdue=one.overdue,
        told_us=one.told_us,
        acknowledged_us=one.acknowledged_us,
        answered_us=one.answered_us,
        refused=one.rule,
        words=[said.words for said in one.answers if said.words],
    )
