"""The roll-out: how far each actor has come, and what the centre signs of it: terms, agreements, tests, deletions."""

from typing import Final

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, Kind, Why, act
from bavn.app.acts.centre import members
from bavn.app.process.exits import Exit, Stop
from bavn.centre.desk.agreements import Agreements, ProtocolRefused
from bavn.centre.desk.leaving import Leaving, StillHere
from bavn.centre.desk.rollout import Blocked, Rollout, RolloutLine
from bavn.centre.members.signed import Record
from bavn.model.sector.acceptance_protocol import Demands, Part, TestKind
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.sector.rollout import RolloutState

REFUSES: Final[tuple[Kind, ...]] = (
    (Blocked, 409, "blocked", "you"),
    (StillHere, 409, "not-now", "wait"),
    *members.REFUSES,
)


class RolloutSetting(Input):
    """What is given replaces what was; what is left out stays, and empty text empties it."""

    state: RolloutState | None = Field(default=None, description="How far it has come.")
    day: str | None = Field(default=None, max_length=10, description="The day of its next state, such as 2026-11-26.")
    group: str | None = Field(default=None, max_length=40, description="With whom it comes, such as wave-2.")
    region: str | None = Field(default=None, max_length=40, description="The part of the country, such as nord.")
    waits_for: str | None = Field(default=None, max_length=200, description="What it waits for, in words.")
    why: Why = Field(description="The reason, for the audit log.")


@act(Right.MEMBERS, *REFUSES)
def change(opened: Rollout, by: str, actor: str, body: RolloutSetting) -> RolloutLine:
    """Set an actor's state, day, group, region or what it waits for; an actor that is new to the list is planned."""
    return opened.change(actor, by, **body.model_dump(exclude_none=True))


_by_command = act(Right.MEMBERS, *REFUSES, only="command")


@_by_command
def take_test(
    opened: Agreements,
    actor: str,
    kind: TestKind,
    given: SignedProtocol,
    demands: Demands,
    side: Part,
    by: str,
    why: str,
) -> Record:
    """Take an actor's protocol in, with what the centre itself found: verified, fresh, never used before."""
    try:
        return opened.take_test(actor, kind, given, demands, side, by, why)
    except ProtocolRefused as error:
        failed = error.refused.rule in ("passed", "centre")
        raise Stop(Exit.UNHEALTHY if failed else Exit.REFUSED, error.refused.reason) from error


publish_terms = _by_command(Agreements.publish_terms)
sign = _by_command(Agreements.sign)
delete = _by_command(Leaving.delete)
