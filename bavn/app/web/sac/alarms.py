"""Alarms, canaries and coverage: what is wrong now and who minds it, how far each chain reaches, who could see what.

Refuses to find anything: desk and alarms are asked.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.centre import alarms as acts
from bavn.app.web.frame import Person, TextShape, allow, filled
from bavn.app.web.sac.context import Context
from bavn.app.web.sac.shapes import Shape
from bavn.centre.books.canaries import Chain
from bavn.centre.desk.detector_coverage import REASONS, Behind, DetectorCoverage, behind_technique
from bavn.model.sector.alarm import Alarm
from bavn.model.sector.canary import LINKS, STATES, TOOK, WHYS, State
from bavn.model.sector.coverage import SIGHTS, TECHNIQUES
from bavn.model.sector.tally import TECHNIQUES as COUNTED
from bavn.model.sector.tally import technique_entry

ALARMS_MAX: Final = 500


class AlarmShown(Shape):
    """One alarm. ``actor`` None: the centre itself; ``ended_us`` None: it stands; ``taken_by``: who minds it."""

    number: int
    actor: str | None
    kind: str
    says: TextShape
    began_us: int
    ended_us: int | None
    taken_by: str | None
    taken_us: int | None


class Reach(Shape):
    """Whether one detector could find something at an actor; ``code``: sees, or why not."""

    detector: str
    sees: bool
    code: str
    says: TextShape


class LinkShown(Shape):
    """A link of an actor's chain by its latest canary. ``passed_us``: when it last passed, on whichever day."""

    link: str
    says: TextShape
    state: State
    state_said: TextShape
    why: TextShape | None
    passed_us: int | None
    took: TextShape | None


class ActorCoverage(Shape):
    """What an actor could see now, and how far its latest canary came (day since 1970; None: it told of none)."""

    actor: str
    against: TextShape | None
    records: list[str] | None
    reaches: list[Reach]
    canary_day: int | None
    links: list[LinkShown]


class Column(Shape):
    """A detector, in words."""

    detector: str
    says: TextShape


class TechniqueCoverage(Shape):
    """At how many actors a technique could be seen now."""

    technique: str
    name: TextShape
    actors: int
    could: int
    says: TextShape


class Coverage(Shape):
    """Alarms that stand, the latest first; the map: a row an actor, a column a detector; and each technique."""

    now_us: int
    alarms: list[AlarmShown]
    detectors: list[Column]
    actors: list[ActorCoverage]
    techniques: list[TechniqueCoverage]


router = APIRouter(tags=["alarms"])
"""/alarms and /coverage."""


@router.post("/alarms/{number}/take", operation_id="take_alarm", description=acts.take.__doc__)
def take(
    context: Context,
    person: Annotated[Person, allow(acts.take)],
    number: Annotated[int, Path(ge=1, lt=2**31)],
) -> AlarmShown:
    return alarm_shown(acts.take(context.desk.alarms, person.name, number))


@router.get("/coverage", operation_id="coverage")
def coverage(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Coverage:
    """Alarms; and who could see what now, given sources, health and canaries: a blind spot says why."""
    alarms = [alarm_shown(one) for one in context.desk.alarms.every(standing=True, limit=ALARMS_MAX)]
    return looked_at(alarms, context.desk.coverage(), dict(context.desk.chains()), context.clock.now_us())


def alarm_shown(alarm: Alarm) -> AlarmShown:
    """An alarm for the pages."""
    return filled(
        AlarmShown,
        alarm,
        actor=alarm.actor or None,
        says=TextShape.of(alarm.text),
        taken_by=alarm.acked_by or None,
        taken_us=alarm.acked_us,
    )


def looked_at(
    alarms: list[AlarmShown], seeing: Sequence[DetectorCoverage], chains: dict[str, Chain], now_us: int
) -> Coverage:
    """The whole map."""
    return Coverage(
        now_us=now_us,
        alarms=alarms,
        detectors=[Column(detector=name, says=TextShape.of(one.says)) for name, one in SIGHTS.items()],
        actors=[_actor(eye, chains.get(eye.actor)) for eye in seeing],
        techniques=[_technique(name, behind_technique(seeing, name)) for name in TECHNIQUES],
    )


def _actor(eye: DetectorCoverage, chain: Chain | None) -> ActorCoverage:
    reaches = [(name, eye.by(name)) for name in SIGHTS]
    return ActorCoverage(
        actor=eye.actor,
        against=TextShape.of(REASONS[eye.against]) if eye.against else None,
        records=None if eye.records is None else list(eye.records),
        reaches=[
            Reach(detector=name, sees=code == "sees", code=code, says=TextShape.of(REASONS[code]))
            for name, code in reaches
        ],
        canary_day=None if chain is None else chain.day,
        links=[] if chain is None else links_shown(chain),
    )


def links_shown(chain: Chain) -> list[LinkShown]:
    """A chain's links in their order."""
    return [
        filled(
            LinkShown,
            at.link,
            says=TextShape.of(LINKS[at.link.link]),
            state_said=TextShape.of(STATES[at.link.state]),
            why=TextShape.of(WHYS[at.link.why]) if at.link.why else None,
            passed_us=at.passed_us,
            took=None if at.took is None else TextShape.of(TOOK[at.took]),
        )
        for at in chain.links
    ]


def _technique(name: str, behind: Behind) -> TechniqueCoverage:
    words = TextShape.of(COUNTED[technique_entry(name)])
    return TechniqueCoverage(
        technique=name, name=words, actors=behind.actors, could=behind.could, says=TextShape.of(behind.says)
    )
