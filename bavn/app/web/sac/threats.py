"""The SAC console's threat levels: what data proposes for each sort of threat, with reason and trend; what people set.

Refuses to judge: a person does, with a name and a reason.
"""

from typing import Annotated, Final

from fastapi import APIRouter

from bavn.app.access.rights import Right
from bavn.app.acts.centre import threats as acts
from bavn.app.centre.publish_parts import publishing_of
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.cases.work import done
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.shapes import Done, Shape
from bavn.centre.publish.document import Kind
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.levels import proposals, threat_of
from bavn.centre.publish.parts.threats import NO_TREND, TRENDS, level_words
from bavn.centre.publish.threat import THREATS, UNKNOWN, Threat
from bavn.model.text import Text

THREAT_DAYS: Final = 90
SETS_SHOWN: Final = 200


class ThreatShown(Shape):
    """The level of one sort of threat: ``level`` 0 to 4, None where nothing says one; ``set_by``: who set it,
    None where it is what the data proposes; ``why``: the data's reason; ``proposed``: what the data proposes."""

    threat: Threat
    says: TextShape
    level: int | None
    level_said: TextShape
    set_by: str | None
    why: TextShape
    trend: TextShape
    proposed: int | None
    proposed_said: TextShape


class LevelRow(Shape):
    """A level that was set: by whom, when and why."""

    threat: Threat
    says: TextShape
    level: int
    level_said: TextShape
    by: str
    why: str
    at_us: int


class SortedCase(Shape):
    """A confirmed case and its sort of threat: ``threat`` None where nobody and nothing says; ``by``: who said so, or
    the RSIT type that speaks for it."""

    case_id: str
    threat: Threat | None
    says: TextShape
    by: str
    confirmed_us: int | None


class Threats(Shape):
    """The level of each sort of threat, of the last 90 days: what a person set, else what the data proposes. ``cases``:
    each case confirmed in those days, unknown ones first; ``history``: levels that people set, the latest first."""

    levels: list[ThreatShown]
    cases: list[SortedCase]
    history: list[LevelRow]


router = APIRouter(prefix="/threats", tags=["threats"])
"""Below /threats."""


@router.get("", operation_id="threats")
def threats(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Threats:
    """Levels, the cases that they rest on, and what people set."""
    return context.answers.of("threats", lambda: _threats(context))


def _threats(context: SacContext) -> Threats:
    facts = publishing_of(context.file, context.desk).facts(Kind.PICTURE, days=THREAT_DAYS, leads=False)
    return Threats(levels=_levels(facts), cases=_sorted(facts), history=_history(context))


def _history(context: SacContext) -> list[LevelRow]:
    every = publishing_of(context.file, context.desk).judgements.levels()
    return [
        filled(
            LevelRow,
            level,
            says=TextShape.of(THREATS[level.threat]),
            level=int(level.level),
            level_said=TextShape.of(level_words(level.level)),
        )
        for level in list(reversed(every))[:SETS_SHOWN]
    ]


def _sorted(facts: DocumentFacts) -> list[SortedCase]:
    rows = []
    for fact in facts.confirmed_in(facts.period):
        threat = threat_of(fact)
        says = UNKNOWN if threat is None else THREATS[threat]
        rows.append(
            SortedCase(
                case_id=fact.id,
                threat=threat,
                says=TextShape.of(says),
                by=fact.threat_by or fact.rsit,
                confirmed_us=fact.confirmed_us,
            )
        )
    return sorted(rows, key=lambda case: (case.threat is not None, case.case_id))


@router.post("/cases/{case_id}", operation_id="sort_case", description=acts.sort.__doc__)
def sort(context: Context, person: Annotated[Person, allow(acts.sort)], case_id: str, body: acts.Sorting) -> Done:
    threat = acts.sort(publishing_of(context.file, context.desk), person.name, case_id, body)
    says = UNKNOWN if threat is None else THREATS[threat]
    return done(context, case_id, Text.shaped("{case_id}: {says}", case_id=case_id, says=says))


@router.post("/{threat}", operation_id="set_threat_level", description=acts.set_level.__doc__)
def set_level(
    context: Context, person: Annotated[Person, allow(acts.set_level)], threat: Threat, body: acts.LevelSetting
) -> Threats:
    acts.set_level(publishing_of(context.file, context.desk).judgements, person.name, threat, body)
    return _threats(context)


def _levels(facts: DocumentFacts) -> list[ThreatShown]:
    """One for each sort, in their order."""
    return [
        ThreatShown(
            threat=proposal.threat,
            says=TextShape.of(THREATS[proposal.threat]),
            level=None if proposal.stands is None else int(proposal.stands),
            level_said=TextShape.of(level_words(proposal.stands)),
            set_by=None if proposal.set is None else proposal.set.by,
            why=TextShape.of(proposal.why),
            trend=TextShape.of(NO_TREND if proposal.change is None else TRENDS[proposal.change]),
            proposed=None if proposal.level is None else int(proposal.level),
            proposed_said=TextShape.of(level_words(proposal.level)),
        )
        for proposal in proposals(facts)
    ]
