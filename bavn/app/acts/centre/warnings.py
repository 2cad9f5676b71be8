"""Warnings to the sector: drafted, changed, sent, ended and taken back by a person.

Refuses to send by itself: the running centre does, by gate 3.
"""

from typing import Annotated, Any, Final, Literal

import typer
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, Kind, Name, Why, act
from bavn.app.acts.centre.refusals import KINDS, observable_of
from bavn.centre.cases.warnings.rows import BY_HAND, KeptWarning, Origin, UnknownWarning, WarningView
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.members.registry import Registry
from bavn.model.intel.indicator import Pap, PapName, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock
from bavn.model.sector.sector_warning import (
    HOURS_MAX,
    NAMES_MAX,
    OBSERVABLES_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    Address,
    Content,
    NoSuchStep,
    Urgency,
)
from bavn.model.text import Text

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownWarning, 404, "unknown-warning", "you"),
    (NoSuchStep, 409, "not-now", "you"),
    *KINDS,
)
Title = Annotated[str, Field(min_length=1, max_length=TITLE_CHARS_MAX)]
Words = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
Some = Annotated[tuple[str, ...], Field(max_length=NAMES_MAX)]
Names = Annotated[tuple[Name, ...], Field(max_length=NAMES_MAX)]


class AddressShape(Input):
    """To whom: whoever fits every list that is not empty, and the named actors; all empty, everybody."""

    kinds: Annotated[Some, typer.Option("--kind")] = Field((), description="A kind of actor; repeatable.")
    functions: Annotated[Some, typer.Option("--function")] = Field((), description="A critical function; repeatable.")
    suppliers: Annotated[Some, typer.Option("--supplier")] = Field((), description="A supplier; repeatable.")
    regions: Annotated[Some, typer.Option("--region")] = Field(
        (), description="A region, as the roll-out names it; repeatable."
    )
    actors: Annotated[Names, typer.Option("--to")] = Field(
        (), description="An actor by name, whatever else; repeatable."
    )

    def address(self) -> Address:
        """As the room keeps it. Raises BadWarning."""
        return Address(**{name: tuple(sorted(set(names))) for name, names in self})


class WarningBody(Input):
    """What a warning says, in both languages, and to whom. ``hours``: how long it is in force."""

    title_en: Title = Field(description="One line in English.")
    title_da: Title = Field(description="One line in Danish.")
    text_en: Words = Field(description="What to know and do, in English.")
    text_da: Words = Field(description="What to know and do, in Danish.")
    urgency: Urgency = Field(Urgency.IMPORTANT, description="How soon somebody must look.")
    tlp: Tlp = Field(Tlp.AMBER, description="Whom it may be told.")
    pap: Annotated[PapName, typer.Option(case_sensitive=False)] = Field(
        "AMBER", description="What may be done with what it names."
    )
    observables: Annotated[list[str], typer.Option("--observable")] = Field(
        [], max_length=OBSERVABLES_MAX, description="An address, name or fingerprint; repeatable."
    )
    acknowledge_hours: int = Field(24, ge=1, le=HOURS_MAX, description="Hours until somebody must have acknowledged.")
    hours: int = Field(14 * 24, ge=1, le=HOURS_MAX, description="Hours for which it is in force.")
    drill: bool = Field(False, description="People practise: every title of it begins with DRILL.")
    address: AddressShape = AddressShape()

    def content(self) -> Content:
        """As the room keeps it. Raises BadWarning, ActRefused."""
        return Content(
            title=Text.written(self.title_en, da=self.title_da),
            text=Text.written(self.text_en, da=self.text_da),
            urgency=self.urgency,
            tlp=self.tlp,
            pap=Pap[self.pap],
            observables=tuple(map(_named, self.observables)),
            acknowledge_hours=self.acknowledge_hours,
            hours=self.hours,
            drill=self.drill,
        )


class Change(WarningBody):
    """The same, whole, and why it is changed."""

    why: Why


def _named(text: str) -> Observable:
    """What an analyst wrote, and a pair of fingerprints as a draft begun from a lead names it. Raises ActRefused."""
    kind, _, value = text.partition(":")
    return Observable.of(kind, value) if kind == ObservableType.FP_PAIR else observable_of(text)


def fields_of(content: Content) -> dict[str, Any]:
    """What a warning says, as fields of a body."""
    return {
        "title_en": content.title.en,
        "title_da": content.title.da,
        "text_en": content.text.en,
        "text_da": content.text.da,
        "urgency": content.urgency,
        "tlp": content.tlp,
        "pap": content.pap.name,
        "observables": [str(one) for one in content.observables],
        "acknowledge_hours": content.acknowledge_hours,
        "hours": content.hours,
        "drill": content.drill,
    }


@act(Right.TRIAGE, *REFUSES)
def draft(warnings: Warnings, by: str, body: WarningBody, origin: Origin = BY_HAND) -> KeptWarning:
    """A new draft."""
    return warnings.draft(body.content(), body.address.address(), by, origin)


@act(Right.TRIAGE, *REFUSES)
def edit(warnings: Warnings, by: str, warning_id: str, body: Change) -> KeptWarning:
    """Other words or another address; one that was sent goes out, and is answered, anew."""
    return warnings.edit(warning_id, by, body.why, content=body.content(), address=body.address.address())


@act(Right.TRIAGE, *REFUSES)
def step(
    warnings: Warnings, by: str, warning_id: str, way: Literal["send", "end", "withdraw"], why: str
) -> KeptWarning:
    """Send it, end it, or take it back."""
    return {"send": warnings.send, "end": warnings.end, "withdraw": warnings.withdraw}[way](warning_id, by, why)


def reached(registry: Registry, clock: Clock, address: Address) -> list[str]:
    """The active actors that it would go to now."""
    from bavn.centre.node.warning_post import addressees

    return [one.actor for one in addressees(registry, clock) if address.reaches(one)]


def counts(view: WarningView) -> dict[str, int]:
    """How many actors stand how."""
    answers = [actor.answer.value for actor in view.actors]
    return {
        "told": sum(actor.told_us is not None for actor in view.actors),
        "acknowledged": sum(actor.acknowledged_us is not None for actor in view.actors),
        "affected": answers.count("affected"),
        "done": answers.count("done"),
        "overdue": sum(actor.overdue for actor in view.actors),
    }
