"""Indicators: drafted, put to review, approved, released, refreshed, withdrawn, found wrong; producers retired.

Refuses to decide who may stand beside whom: the book holds that two people stand behind what may block by itself.
"""

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, Input, Kind, Why, act
from bavn.app.acts.centre.refusals import KINDS, observable_of
from bavn.centre.books.clocks import UnknownIndicator
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.indicators import ChangedInBetween, Indicators, UnknownLife
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.model.intel.indicator import Pap, PapName, Tlp
from bavn.model.intel.radius import DAYS_BACK
from bavn.model.moment import DAY_US
from bavn.model.principal import may_be_second, recorded, stored
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.model.sector.member import ActorState
from bavn.model.sector.question import WHY_CHARS_MAX, Question
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownLife, 404, "unknown-indicator", "you"),
    (UnknownIndicator, 404, "unknown-indicator", "you"),
    (ChangedInBetween, 409, "changed-meanwhile", "you"),
    *KINDS,
)


class IndicatorTerms(Input):
    """How an indicator is marked, and how long it lives."""

    tlp: Tlp = Field(Tlp.AMBER, description="How far it may travel.")
    pap: Annotated[PapName, typer.Option(case_sensitive=False)] = Field(
        "GREEN", description="green may block, amber watches."
    )
    days: int = Field(30, ge=1, le=3650, description="Days that it lives; a refresh begins them anew.")
    confidence: int = Field(70, ge=0, le=100, description="0 to 100.")


class Drafting(IndicatorTerms):
    """Indicators of one's own knowledge (``observables``, each ``type:value`` or plain), or of a case's elements."""

    observables: list[str] = Field(default=[], max_length=100)
    case_id: str = Field(default="", max_length=40)
    technique: str = Field(default="", max_length=12)
    sources: list[str] = Field(default=[], max_length=20)
    why: Why


class Acting(Input):
    """``act`` of a person; ``rev``: the revision that the person saw. ``wrong``: it is false."""

    act: Literal["review", "refresh", "withdraw", "wrong"]
    why: Why
    rev: int | None = Field(default=None, ge=0)


class Approving(Input):
    """What needs an approver. ``now``: pass the canary ring over, once a second person says the same. ``read``: you
    read what a block of it would break."""

    act: Literal["approve", "release", "now"]
    why: Why
    rev: int | None = Field(default=None, ge=0)
    read: bool = False


class RadiusAsking(Input):
    """Why it is asked: every member reads it."""

    why: str = Field(min_length=1, max_length=WHY_CHARS_MAX)


@act(Right.TRIAGE, *REFUSES)
def draft(desk: "Desk", by: str, body: Drafting) -> list[Life]:
    """Draft indicators of your own knowledge, or of all elements of a case."""
    if bool(body.case_id) == bool(body.observables):
        raise ActRefused(422, "draft-of-what", Text("Name observables or one case."))
    pap, indicators, common = Pap[body.pap], desk.indicator_book, body.model_dump(include={"tlp", "days", "confidence"})
    if body.case_id:
        case = desk.cases.case(body.case_id)
        return [
            indicators.draft_of_case(case, element, by, body.why, pap=pap, **common) for element in case.facts.elements
        ]
    common |= {"technique": body.technique, "producers": [f"source:{name}" for name in body.sources]}
    named = dict.fromkeys(map(observable_of, body.observables))
    return [indicators.draft(observable, by, body.why, pap=pap, **common) for observable in named]


@act(Right.TRIAGE, *REFUSES)
def step(indicators: Indicators, by: str, indicator_id: str, body: Acting) -> Life:
    """Put it to review, refresh it, withdraw it everywhere, or say that it is wrong. Withdrawing needs one person:
    lifting must not wait."""
    if body.act == "wrong":
        return indicators.found_wrong(indicator_id, by, body.why)
    return indicators.act(indicator_id, LifeAct(body.act), by, body.why, body.rev)


@act(Right.APPROVE, *REFUSES)
def let_go(indicators: Indicators, by: str, indicator_id: str, body: Approving) -> Life:
    """Stand behind it as the second person, release it, or ask to pass the canary ring over."""
    if body.act == "now":
        return indicators.hurry(indicator_id, by, body.why)
    return indicators.act(indicator_id, LifeAct(body.act), by, body.why, body.rev, read=body.read)


@act(Right.TRIAGE, *REFUSES)
def ask_radius(desk: "Desk", by: str, indicator_id: str, body: RadiusAsking) -> Question:
    """Ask every member, before a release, how many of its machines a block would hit. Two people stand behind the
    indicator already; every member learns what is about to be blocked."""
    life, now_us = desk.indicator_book.get(indicator_id), desk.now_us()
    second = next((who for who in map(stored, life.people) if may_be_second(recorded(by), who)), None)
    if life.state is not LifeState.APPROVED or second is None:
        raise ActRefused(409, "not-now", Text("It is asked when two people stand behind it, and before its release."))
    before = desk.questions.radius(life.id)
    if before is not None and before[0].question.open_at(now_us):
        raise ActRefused(409, "asked-already", Text("Every member has been asked already; answers still come."))
    active = [view.actor.name for view in desk.members() if view.actor.state is ActorState.ACTIVE]
    question = desk.questions.ask(
        [life.observable], active, by, why=body.why, since_us=now_us - DAYS_BACK * DAY_US, days=1, about=life.id
    )
    return question if question.approved_us is not None else desk.questions.approve(question.id, second)


@act(Right.APPROVE, *REFUSES, only="page")
def serve(upkeep: Upkeep, by: str, producer: str, way: Literal["retire", "restore"], why: str) -> None:
    """Take a producer of indicators out of service, or put it back."""
    {"retire": upkeep.retire, "restore": upkeep.restore}[way](producer, by, why)
