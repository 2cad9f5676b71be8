"""Members of the sector: invited, given functions, suppliers and quotas, suspended, let in again, shut out for good."""

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import Input, Kind, Name, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.cases.set_apart import ApartBook
from bavn.centre.members.registry import CannotAdd, NotInState, UnknownActor
from bavn.centre.members.roles import SUPPLIERS_MAX
from bavn.model.sector.member import QUOTA_MAX, ActorKind, Quota

if TYPE_CHECKING:
    from bavn.centre.desk.membership import Membership

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownActor, 404, "unknown-actor", "you"),
    (NotInState, 409, "not-now", "you"),
    (CannotAdd, 422, "cannot-add", "you"),
    *KINDS,
)


class Inviting(Input):
    """A new member, or one that is to enrol anew (then kind and group stay as they are)."""

    name: Name
    kind: ActorKind = "other"
    group: str = Field(default="", pattern=r"^([a-z][a-z0-9-]{1,39})?$")


class Setting(Input):
    """What is given replaces what was; what is left out stays."""

    functions: list[str] | None = Field(default=None, max_length=100)
    suppliers: list[str] | None = Field(default=None, max_length=SUPPLIERS_MAX)
    group: str | None = Field(default=None, pattern=r"^([a-z][a-z0-9-]{1,39})?$")
    canary: bool | None = None


class QuotaSetting(Input):
    """An own quota for one kind of message; both None puts it back to the sector's."""

    kind: str = Field(max_length=40)
    messages_per_hour_max: Annotated[int | None, typer.Option("--messages")] = Field(
        default=None, ge=0, le=QUOTA_MAX, description="Messages in an hour at most."
    )
    bytes_per_hour_max: Annotated[int | None, typer.Option("--bytes")] = Field(
        default=None, ge=0, le=QUOTA_MAX, description="Bytes in an hour at most."
    )

    def quota(self) -> Quota | None:
        """As the room takes it."""
        messages, size = self.messages_per_hour_max, self.bytes_per_hour_max
        if messages is size is None:
            return None
        return Quota(messages_per_hour_max=messages or 0, bytes_per_hour_max=size or 0)


@act(Right.MEMBERS, *REFUSES)
def invite(members: "Membership", by: str, body: Inviting) -> str:
    """Invite a member: its one-time token, shown this once, and the pin."""
    return members.invite(body.name, by, kind=body.kind, group=body.group)


@act(Right.MEMBERS, *REFUSES)
def change(members: "Membership", by: str, actor: str, body: Setting) -> None:
    """Set its critical functions, suppliers or group."""
    members.set_roles(actor, by, **dict(body))


@act(Right.MEMBERS, *REFUSES)
def step(members: "Membership", by: str, actor: str, way: Literal["suspend", "resume", "revoke"], why: str) -> None:
    """Let a member in no more until it is resumed, let it in again, or shut it out for good."""
    {"suspend": members.suspend, "resume": members.resume, "revoke": members.revoke}[way](actor, by, why)


@act(Right.MEMBERS, *REFUSES)
def set_apart(apart: ApartBook, by: str, group: str, why: str) -> None:
    """Set a member and its group apart: in rounds where two suffice, its reports join nothing."""
    apart.set_apart(group, by, why)


@act(Right.APPROVE, *REFUSES)
def let_join(apart: ApartBook, by: str, group: str, why: str) -> bool:
    """Let a member that is set apart join again: asked for by one, done by a second person within a day."""
    return apart.let_join(group, by, why)


@act(Right.MEMBERS, *REFUSES, only="page")
def quota(members: "Membership", by: str, actor: str, body: QuotaSetting) -> None:
    """Give it an own quota for one kind of message, or put that back to the sector's."""
    members.set_quota(actor, body.kind, body.quota(), by)
