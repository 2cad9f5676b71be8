"""The SAC console's standing policies, noisy producers and the sector's kill switch.

Refuses to decide who may: two people stand behind a policy, one is enough to lift.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import indicators
from bavn.app.acts.centre import policies as acts
from bavn.app.acts.centre import switch as switches
from bavn.app.web.frame import Person, Rows, TextShape, allow, filled
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.cases.policies import PolicyState, StandingPolicy
from bavn.centre.cases.sector_switch import SwitchOffRequest
from bavn.model.moment import iso
from bavn.model.observable import ObservableType
from bavn.model.principal import may_be_second
from bavn.model.text import Number, Text

PolicyId = Annotated[str, Path(pattern=r"^policy-[0-9]{1,12}$")]


class PolicyShape(Shape):
    """A standing policy. ``stand``: proposed, in_force, over or ended. ``used_today``: blocks it released today."""

    id: str
    name: str
    stand: str
    score_min: float
    groups_min: int
    types: list[ObservableType]
    blocks_per_day_max: int
    left_today: int
    indicator_days: int
    until_us: int
    proposed_by: str
    proposed_us: int
    approved_by: str | None
    approved_us: int | None
    ended_by: str | None
    ended_us: int | None
    may_approve: bool
    says: TextShape


class Proposing(Shape):
    """A new policy; it is not in force until somebody else approves it."""

    name: str = Field(min_length=1, max_length=80)
    score_min: float = Field(ge=0, le=1000)
    groups_min: int = Field(default=2, ge=2, le=100)
    types: list[ObservableType] = Field(min_length=1, max_length=9)
    blocks_per_day_max: int = Field(default=10, ge=1, le=10_000)
    indicator_days: int = Field(default=30, ge=1, le=365)
    until_us: int = Field(ge=0, le=2**53)


class ProducerShape(Shape):
    """How good what one producer made turned out to be. ``noise``: 90 % lower bound of the false share."""

    name: str
    true: int
    false: int
    noise: float
    retired: str


class Producers(Shape):
    """Of indicators that somebody met or found wrong; from ``outcomes_min`` on a producer above ``false_max`` is
    retired by itself."""

    items: list[ProducerShape]
    outcomes_min: int
    false_max: float


class Serving(Because):
    """Retire or restore a producer: ``detector:NAME``, ``policy:ID``, ``person:NAME`` or ``source:NAME``."""

    producer: str = Field(min_length=1, max_length=120)
    act: Literal["retire", "restore"]


class TurnShape(Shape):
    """One turn of the switch; ``told``: actors whose queue it lies in."""

    number: int
    on: bool
    by: str
    why: str
    at_us: int
    told: int


class SwitchShape(Shape):
    """The sector's kill switch, the latest turn first. ``members``: who is to be told."""

    on: bool
    members: int
    rule: TextShape
    turns: list[TurnShape]


RULE = Text(
    "One person turns it on, since lifting must not wait; two approvers turn it off. Every"
    " member's node takes all that the centre released out of force at once, and puts back what"
    " is still wanted when it is off again."
)


router = APIRouter(prefix="/protection", tags=["protection"])
"""Below ``/protection``."""


@router.get("/policies", operation_id="policies")
def every(context: Context, person: Annotated[Person, allow(Right.READ)]) -> Rows[PolicyShape]:
    """All standing policies, the latest first: what each covers, who stands behind it, whether it is in force."""
    return Rows(items=[_policy(context, state, person) for state in reversed(context.desk.cases.policies.every())])


@router.post("/policies", operation_id="propose_policy", status_code=201, description=acts.propose.__doc__)
def propose(context: Context, person: Annotated[Person, allow(acts.propose)], body: Proposing) -> PolicyShape:
    with refusing(*acts.REFUSES):
        policy = StandingPolicy(**body.model_dump() | {"types": tuple(kind.value for kind in body.types)})
    return _policy(context, acts.propose(context.desk.cases.policies, person.name, policy), person)


@router.post("/policies/{policy_id}/approve", operation_id="approve_policy", description=acts.approve.__doc__)
def approve(context: Context, person: Annotated[Person, allow(acts.approve)], policy_id: PolicyId) -> PolicyShape:
    return _policy(context, acts.approve(context.desk.cases.policies, person.name, policy_id), person)


@router.post("/policies/{policy_id}/end", operation_id="end_policy", description=acts.end.__doc__)
def end(
    context: Context, person: Annotated[Person, allow(acts.end)], policy_id: PolicyId, body: Because
) -> PolicyShape:
    return _policy(context, acts.end(context.desk.cases.policies, person.name, policy_id, body.why), person)


@router.get("/producers", operation_id="producers")
def producers(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Producers:
    """What made the sector's indicators, the noisiest first: how many were met, and how many found wrong."""
    return _all_producers(context)


@router.post("/producers", operation_id="serve_producer")
def serve(context: Context, person: Annotated[Person, allow(indicators.serve)], body: Serving) -> Producers:
    """Take a producer out of service (a detector no longer feeds a standing policy alone, a policy is ended), or put it
    back: a policy that was ended stays ended."""
    indicators.serve(context.desk.upkeep, person.name, body.producer, body.act, body.why)
    return _all_producers(context)


@router.get("/switch", operation_id="kill_switch")
def switch(context: Context, _: Annotated[Person, allow(Right.READ)]) -> SwitchShape:
    """How the sector's kill switch stands, every turn of it, and how many members were told of each."""
    return _switch_shape(context)


@router.post("/switch/on", operation_id="kill_switch_on", description=switches.turn_on.__doc__)
def turn_on(
    context: Context, person: Annotated[Person, allow(switches.turn_on)], body: switches.Turning
) -> SwitchShape:
    switches.turn_on(context.desk.switch, person.name, body)
    return _switch_shape(context)


@router.post("/switch/off", operation_id="kill_switch_off", description=switches.turn_off.__doc__)
def turn_off(
    context: Context, person: Annotated[Person, allow(switches.turn_off)], body: switches.Turning
) -> SwitchShape:
    switches.turn_off(context.desk.switch, person.name, body)
    return _switch_shape(context)


def _policy(context: SacContext, state: PolicyState, person: Person) -> PolicyShape:
    policy, now_us = state.policy, context.clock.now_us()
    stand = "ended" if state.ended_us else "over" if now_us >= policy.until_us else "proposed"
    if state.in_force(now_us):
        stand = "in_force"
    kinds = ", ".join(policy.types)
    says = Text(
        "Releases by itself what at least {groups_min} independent groups report with {score_min} nats or more, of"
        " {kinds}; at most {blocks_per_day_max} a day, each for {indicator_days} days.",
        groups_min=policy.groups_min,
        score_min=Number(policy.score_min, "g"),
        kinds=kinds,
        blocks_per_day_max=policy.blocks_per_day_max,
        indicator_days=policy.indicator_days,
    )
    return filled(
        PolicyShape,
        state,
        policy,
        stand=stand,
        left_today=context.desk.cases.policies.left_today(state),
        may_approve=stand == "proposed"
        and person.may(acts.approve.right)
        and may_be_second(state.proposed_by, person.name),
        says=TextShape.of(says),
    )


def _all_producers(context: SacContext) -> Producers:
    settings = context.desk.indicator_book.settings
    items = [filled(ProducerShape, one, noise=round(one.noise, 3)) for one in context.desk.upkeep.judged()]
    return Producers(items=items, outcomes_min=settings.noise_outcomes_min, false_max=settings.noise_false_max)


def _rule(request: SwitchOffRequest | None) -> Text:
    """How it is turned; and who has asked for it to be turned off, while nobody else has."""
    if request is None:
        return RULE
    until = f"{iso(request.until_us)[:16]}Z"
    return Text(
        "{by} wants it off ({why}): a second person must say the same before {until}. {rule}",
        by=request.by,
        why=request.why,
        until=until,
        rule=RULE,
    )


def _switch_shape(context: SacContext) -> SwitchShape:
    switch = context.desk.switch
    turns = [
        filled(
            TurnShape,
            turn,
            by=", ".join(filter(None, (turn.asked_by, turn.by))),
            told=len(switch.queued_at(turn.number)),
        )
        for turn in switch.turns()
    ]
    latest = sorted(turns, key=lambda turn: -turn.number)
    return SwitchShape(
        on=bool(latest) and latest[0].on,
        members=len(context.registry.members()[1]),
        rule=TextShape.of(_rule(switch.off_request())),
        turns=latest,
    )
