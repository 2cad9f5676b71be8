"""The roll-out: who is to come and when, who waits for whom, each step in and out, and what the centre signs of it.

Refuses to let a file move anybody: a person takes each step.
"""

from typing import Final

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, Input, Kind, Why, act
from bavn.app.acts.centre import members
from bavn.app.process.exits import Exit, Stop
from bavn.centre.desk.leaving import Leaving, StillHere
from bavn.centre.desk.rolling import Blocked, Entry, ProtocolRefused, RollOut
from bavn.centre.members.rollout import UnknownParty
from bavn.centre.members.signed import Record
from bavn.model.sector.acceptance_protocol import Demands, Part, TestKind
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.sector.rollout import NoSuchStep, RolloutAct, Stage
from bavn.model.text import Text

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownParty, 404, "unknown-actor", "you"),
    (NoSuchStep, 409, "not-now", "you"),
    (Blocked, 409, "blocked", "you"),
    (StillHere, 409, "not-now", "wait"),
    *members.REFUSES,
)


class StepRequest(Input):
    """A step and why. One that needs a protocol rests on the one that was taken in; ``evidence``: its SHA-256 (hex),
    where a certain one is meant, or with ``by_hand`` that of any file."""

    act: RolloutAct
    why: Why
    evidence: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    by_hand: bool = False


class PlanRequest(Input):
    """The day (since 1970) on which the actor is to come to a state of the way in; null takes it out of the plan."""

    stage: Stage
    day: int | None = Field(ge=0, le=100_000)
    why: Why


@act(Right.MEMBERS, *REFUSES)
def step(opened: RollOut, by: str, actor: str, body: StepRequest) -> Stage:
    """Take a step; refused with what it waits for. suspend, resume and leave do the same to the member."""
    return opened.move(actor, body.act, by, body.why, body.evidence, by_hand=body.by_hand)


@act(Right.MEMBERS, *REFUSES)
def plan(opened: RollOut, by: str, actor: str, body: PlanRequest) -> None:
    """Plan a day, or take one out of the plan."""
    opened.plan(actor, body.stage, body.day, by, body.why)


_by_command = act(Right.MEMBERS, *REFUSES, by_command_alone=True)


@_by_command
def add(opened: RollOut, by: str, entry: Entry) -> Stage:
    """Add an actor as a candidate."""
    if any(one.party.actor == entry.actor for one in opened.stands()[0]):
        there = Text("{actor} is in the register already: change it with `rollout import`", actor=entry.actor)
        raise ActRefused(409, "in-register", there)
    opened.register([entry], by)
    return opened.stand(entry.actor).party.stage


@_by_command
def take_test(
    opened: RollOut, actor: str, kind: TestKind, given: SignedProtocol, demands: Demands, side: Part, by: str, why: str
) -> Record:
    """Take an actor's protocol in, with what the centre itself found: verified, fresh, never used before."""
    try:
        return opened.take_test(actor, kind, given, demands, side, by, why)
    except ProtocolRefused as error:
        failed = error.refused.rule in ("passed", "centre")
        raise Stop(Exit.UNHEALTHY if failed else Exit.REFUSED, error.refused.reason) from error


register = _by_command(RollOut.register)
adopt = _by_command(RollOut.adopt)
wait = _by_command(RollOut.wait)
publish_terms = _by_command(RollOut.publish_terms)
sign = _by_command(RollOut.sign)
delete = _by_command(Leaving.delete)
