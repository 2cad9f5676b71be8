"""What people do to the sector's members, each act with its line in the audit log, in one transaction.

Refuses to decide who may: ``app`` does (accounts, roles).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine

from bavn.centre.cases import audit
from bavn.centre.cases.questions import not_sent
from bavn.centre.cases.tables import make_tables as make_case_tables
from bavn.centre.cases.two_people import person
from bavn.centre.members import rollout
from bavn.centre.members.enrolment import TOKEN_LIFE_US, Enrolment, unenrolled
from bavn.centre.members.registry import Also, NotInState, Registry, UnknownActor
from bavn.centre.members.roles import Roles
from bavn.centre.share.delivery_figures import waiting_and_held
from bavn.centre.store.engine import reading
from bavn.model.moment import DAY_US
from bavn.model.ports import Clock
from bavn.model.sector.member import QUOTA_MAX, Actor, ActorState, Quota
from bavn.model.text import Text

WHY_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class InvitedMember:
    """A member that has not enrolled: who invited it last, when, and until when its token is good."""

    actor: str
    by: str
    at_us: int
    until_us: int


def invited_members(engine: Engine) -> list[InvitedMember]:
    """All who were invited and have not enrolled, by name."""
    invited = []
    with reading(engine) as connection:
        for actor, until_us in unenrolled(connection):
            line = audit.last_of(connection, f"member/{actor}", "member-invite")
            by, at_us = (line.who, line.at_us) if line is not None else ("", until_us - TOKEN_LIFE_US)
            invited.append(InvitedMember(actor, by, at_us, until_us))
    return invited


class Membership:
    """May be open in several processes at once."""

    def __init__(self, registry: Registry, enrolment: Enrolment, roles: Roles, clock: Clock) -> None:
        self._registry, self._enrolment, self._roles, self._clock = registry, enrolment, roles, clock
        make_case_tables(registry.engine)

    def invite(self, name: str, by: str, *, kind: str = "other", group: str = "") -> str:
        """Add an actor, or let one that is there enrol anew: its one-time token, shown once. Raises CannotAdd,
        who.NotAllowed; NotInState for an actor of the roll-out that has no agreement in force."""
        with reading(self._registry.engine) as connection:
            row, agreed = rollout.row_of(connection, name), rollout.agreement(connection, name)
        if row is not None and (agreed is None or not agreed.in_force(self._clock.now_us() // DAY_US)):
            raise NotInState(Text("{name} is invited when its agreement is signed", name=name))
        if self._registry.actor(name) is None:
            also = self._note(by, "member-add", name, {"kind": kind, "group": group})
            self._registry.add(name, kind, group, also)
        return self._enrolment.invite(name, also=self._note(by, "member-invite", name, {}))

    def set_roles(
        self,
        name: str,
        by: str,
        *,
        functions: Collection[str] | None = None,
        suppliers: Collection[str] | None = None,
        group: str | None = None,
        canary: bool | None = None,
    ) -> None:
        """Replace what is given. Raises UnknownActor, roles.BadRole, who.NotAllowed."""
        given: dict[str, Collection[str] | bool | None] = {
            "functions": functions,
            "suppliers": suppliers,
            "group": group,
            "canary": canary,
        }
        detail = {
            key: value if isinstance(value, str | bool) else sorted(value)
            for key, value in given.items()
            if value is not None
        }
        also = self._note(by, "member-set", name, detail)
        self._roles.set(name, functions=functions, suppliers=suppliers, group=group, canary=canary, also=also)

    def set_quota(self, name: str, kind: str, quota: Quota | None, by: str) -> None:
        """An actor's own quota; None: the sector's again. Raises UnknownActor; ValueError for an unknown kind."""
        if kind not in self._registry.quotas(name):
            raise ValueError(Text("no message is called {kind}", kind=repr(kind[:40])))
        detail: dict[str, Any] = {"kind": kind}
        if quota is not None:
            if not (0 <= quota.messages_per_hour_max <= QUOTA_MAX and 0 <= quota.bytes_per_hour_max <= QUOTA_MAX):
                raise ValueError(Text("a quota lies in 0..{quota_max}", quota_max=QUOTA_MAX))
            detail |= {"messages": quota.messages_per_hour_max, "bytes": quota.bytes_per_hour_max}
        self._registry.set_quota(name, kind, quota, self._note(by, "member-quota", name, detail))

    def suspend(self, name: str, by: str, why: str) -> None:
        """Until it is resumed. Raises UnknownActor, NotInState; ValueError without a reason."""
        self._registry.suspend(name, self._note(by, "member-suspend", name, {"why": reason(why)}))

    def resume(self, name: str, by: str, why: str) -> None:
        """Let it in again, with the keys that it has."""
        self._registry.resume(name, self._note(by, "member-resume", name, {"why": reason(why)}))

    def revoke(self, name: str, by: str, why: str) -> None:
        """Shut it out for good; only a new invitation opens the way again. Raises UnknownActor, NotInState."""
        if self.known(name).state is ActorState.REVOKED:
            raise NotInState(Text("{name} is revoked already", name=name))
        self._registry.revoke(name, self._note(by, "member-revoke", name, {"why": reason(why)}))

    def version(self) -> int:
        """The registry's version now."""
        return self._registry.members()[0]

    def known(self, name: str) -> Actor:
        """Raises UnknownActor."""
        actor = self._registry.actor(name)
        if actor is None:
            raise UnknownActor(Text("no actor is called {name}", name=repr(name[:60])))
        return actor

    def _note(self, by: str, act: str, name: str, detail: dict[str, Any]) -> Also:
        person(by)

        def write(connection: Connection) -> None:
            audit.note(connection, self._clock.now_us(), by, act, f"member/{name}", detail)

        return write


def waits_for(engine: Engine, actor: str) -> tuple[int, int, int]:
    """What an actor that is shut out misses or keeps: letters that wait for it, live indicators that it was given, and
    questions that it was asked or is to be."""
    with reading(engine) as connection:
        return *waiting_and_held(connection, actor), not_sent(connection, actor)


def reason(why: str) -> str:
    """A reason for the audit log. ValueError without one."""
    if not why.strip() or len(why) > WHY_CHARS_MAX:
        raise ValueError(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
    return why
