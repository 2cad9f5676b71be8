"""How an indicator looks to the SAC console, and which acts its state offers this person.

Refuses to decide: the acts come from the life-cycle's table, and the book refuses what may not be.
"""

from typing import Final

from bavn.app.acts.centre import indicators as acts
from bavn.app.web.frame import Person, TextShape, filled
from bavn.app.web.rule_shapes import IndicatorRules, RuleShape
from bavn.app.web.sac.bodies import Shape
from bavn.centre.books.clock import IndicatorClock, only_hunted
from bavn.centre.cases.indicators.indicator import IndicatorStatus, Life
from bavn.centre.cases.indicators.steps import STEPS, UNREAD, behind, read_too
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.radius import Radius, radius_of
from bavn.centre.share.deliveries import AtActor
from bavn.centre.share.stage_book import StagesStatus
from bavn.model.intel.indicator import PapName, Tlp
from bavn.model.moment import HOUR_US
from bavn.model.observable import ObservableType
from bavn.model.principal import may_be_second
from bavn.model.received import Observed
from bavn.model.sector.indicator_life import LIFE, LifeAct, LifeState, may_go
from bavn.model.text import Text

SECOND_PERSON: Final = frozenset({LifeAct.APPROVE, LifeAct.RELEASE})
OTHER: Final = Text("Somebody else must do this: two different people stand behind what may block.")
ROLE: Final = Text("An approver must do this.")
STOPPED: Final = Text("It may not go out as it stands: see what was found.")
WAITS: Final = Text("It waits for a second person.")


class ActShape(Shape):
    """An act that the state offers; ``why_not`` where this person may not do it now."""

    act: LifeAct
    may: bool
    why_not: TextShape | None


class RingShape(Shape):
    """The canary ring: ``ring`` (they have it first), ``open`` (everybody has it) or ``stopped``."""

    state: str
    actors: list[str]
    began_us: int
    ended_us: int | None
    why: str


class IndicatorRow(Shape):
    """One indicator in a list. ``worth`` 0..100 now; ``falls_us``: when it falls below the line unless it is met.
    ``to_read``: what a block of it would break, which two people must have read; ``read_by``: who did."""

    id: str
    type: ObservableType
    value: str
    state: LifeState
    rev: int
    case_id: str
    technique: str
    tlp: Tlp
    pap: PapName
    confidence: int
    worth: int
    falls_us: int | None
    until_us: int | None
    drafted_us: int
    drafted_by: str
    people: list[str]
    met_by: int
    wrong_by: int
    waits: TextShape | None
    ring: RingShape | None
    why: TextShape
    to_read: TextShape | None
    read_by: list[str]
    acts: list[ActShape]


class CheckShape(Shape):
    """Something that was looked at before release; ``stops``: it may not go out."""

    name: str
    stops: bool
    says: TextShape


class AtActorShape(Shape):
    """What became of it at one actor. ``stand``: held, waiting (not sent), queued, or the actor's own word: enforced,
    partly, refused, lifted, waits, uncarried (nothing there carries it yet)."""

    actor: str
    stand: str
    rule: str
    queued_us: int | None
    said_us: int | None
    enforced_us: int | None
    enforced_by: list[str]
    not_carried_by: list[str]


class SightingShape(Shape):
    """What an actor met: ``kind`` seen, blocked or retro; ``count`` in steps; hours as moments."""

    actor: str
    kind: str
    count_bucket: int
    first_us: int | None
    last_us: int | None


class StepShape(Shape):
    """A moment of the clock; None where it has not come."""

    step: str
    at_us: int | None


class ClockShape(Shape):
    """From first sighting to enforced; ``slowest`` names the longest step, in seconds."""

    steps: list[StepShape]
    slowest: str | None
    slowest_s: float | None
    enforced: int
    missing: list[str]
    hunted: list[str]


class HistoryLine(Shape):
    """A line of the audit log about it."""

    seq: int
    at_us: int
    who: str
    act: str
    detail: str


class RadiusShape(Shape):
    """How many machines a block would hit, as far as members answered before the release; ``functions``: the critical
    ones that are known to use it."""

    asked_us: int
    members: int
    answered: int
    declined: int
    known: bool
    says: TextShape
    functions: list[TextShape]


class IndicatorWhole(Shape):
    """One indicator with all that is known of it. ``rules``: it as a rule for the tool in which you work (Suricata,
    Sigma, KQL, SPL, EQL); they watch, and block nothing. ``radius``: None where nobody asked; ``may_ask_radius``: you
    may."""

    row: IndicatorRow
    checks: list[CheckShape]
    actors: list[AtActorShape]
    sightings: list[SightingShape]
    true_groups: list[str]
    false_groups: list[str]
    producers: list[str]
    clock: ClockShape | None
    rules: list[RuleShape]
    radius: RadiusShape | None
    may_ask_radius: bool
    history: list[HistoryLine]


def row_of(standing: IndicatorStatus, ring: StagesStatus | None, person: Person) -> IndicatorRow:
    """A line of the list for this person."""
    life = standing.life
    waits = life.state is LifeState.REVIEW and not may_go(life.pap, life.people)
    return filled(
        IndicatorRow,
        life,
        life.observable,
        standing,
        pap=life.pap.name,
        confidence=life.base,
        until_us=life.until_us or None,
        met_by=len(standing.true_groups),
        wrong_by=len(standing.false_groups),
        waits=TextShape.of(WAITS) if waits else None,
        ring=None if ring is None else stages_shape(ring),
        why=TextShape.of(Text.of_row(life.refusal) if life.refusal else Text.plain(life.why or "-")),
        to_read=next((TextShape.of(check.words) for check in life.checks if check.to_read), None),
        read_by=list(life.read_by),
        acts=acts_of(life, person),
    )


def stages_shape(ring: StagesStatus) -> RingShape:
    """How the canary ring stands."""
    return filled(RingShape, ring, actors=list(ring.actors))


def acts_of(life: Life, person: Person) -> list[ActShape]:
    """The acts of people that the state has, in the table's order, and whether this person may."""
    offered = [act for state, act in LIFE if state is life.state and act in STEPS]
    return [_act(act, _why_not(act, life, person)) for act in offered]


def _act(act: LifeAct, why_not: Text | None) -> ActShape:
    return ActShape(act=act, may=why_not is None, why_not=None if why_not is None else TextShape.of(why_not))


def _why_not(act: LifeAct, life: Life, person: Person) -> Text | None:
    if not person.may((acts.let_go if act in SECOND_PERSON else acts.step).right):
        return ROLE
    if act is LifeAct.APPROVE and not may_be_second(life.put_by, person.name):
        return OTHER
    stops = [check for check in read_too(life.checks, person.name) if check.stops]
    if act is LifeAct.RELEASE and stops:
        return UNREAD if all(check.to_read for check in stops) else STOPPED
    if act is LifeAct.RELEASE and not may_go(life.pap, behind(life, person.name)):
        return OTHER
    return None


def at_actor(actor: AtActor) -> AtActorShape:
    """What became of it at one actor, in one word."""
    stand = actor.state or ("held" if actor.held else "queued" if actor.queued_us is not None else "waiting")
    if actor.state and only_hunted(actor):
        stand = "uncarried"
    elif actor.state == "waiting":
        stand = "waits"
    return filled(
        AtActorShape,
        actor,
        stand=stand,
        said_us=actor.state_us,
        enforced_by=list(actor.enforcers),
        not_carried_by=list(actor.not_carried),
    )


def sighting(sighting: Observed) -> SightingShape:
    """What an actor met."""
    return filled(
        SightingShape,
        sighting,
        first_us=None if sighting.first_hour is None else sighting.first_hour * HOUR_US,
        last_us=None if sighting.last_hour is None else sighting.last_hour * HOUR_US,
    )


def clock_shape(clock: IndicatorClock) -> ClockShape:
    """The clock, its slowest step named."""
    return filled(
        ClockShape,
        clock,
        steps=[StepShape(step=name, at_us=at_us) for name, at_us in clock.steps],
        slowest=None if clock.slowest is None else clock.slowest[0],
        slowest_s=None if clock.slowest is None else round(clock.slowest[1], 3),
        enforced=len(clock.enforced),
    )


def _radius_shape(radius: Radius) -> RadiusShape:
    return filled(
        RadiusShape,
        radius,
        known=radius.hosts is not None and radius.hosts.known,
        says=TextShape.of(radius.says),
        functions=[TextShape.of(words) for words in radius.functions_say],
    )


def whole_of(
    desk: Desk, standing: IndicatorStatus, person: Person, clock: ClockShape | None, rules: IndicatorRules
) -> IndicatorWhole:
    """All that is known of one."""
    life = standing.life
    checks = life.checks if life.state is not LifeState.DRAFT else desk.indicator_book.looked_at(life)
    actors, met = desk.deliveries.at_actors(life.id), desk.deliveries.sightings(life.id)
    radius, now_us = radius_of(desk, life.id), desk.now_us()
    return filled(
        IndicatorWhole,
        standing,
        life.evidence,
        row=row_of(standing, desk.ring.stand(life.id), person),
        checks=[filled(CheckShape, one, says=TextShape.of(one.words)) for one in checks],
        actors=[at_actor(one) for one in actors],
        sightings=[sighting(one) for one in met],
        clock=clock,
        rules=rules.rules,
        radius=None if radius is None else _radius_shape(radius),
        may_ask_radius=life.state is LifeState.APPROVED
        and person.may(acts.ask_radius.right)
        and (radius is None or now_us >= radius.until_us),
        history=[filled(HistoryLine, line) for line in desk.indicator_book.history(life.id)],
    )
