"""The SAC console's members: enrolment, certificates, health, quotas, what each does, and how it is shut out.

Refuses to show a token twice: it is kept as a hash.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path

from bavn.app.access.rights import Right
from bavn.app.acts.act import refusing
from bavn.app.acts.centre import members as acts
from bavn.app.web.frame import Person, Rows, TextShape, allow, filled
from bavn.app.web.sac.bodies import Because, Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.centre.desk.membership import Membership, waits_for
from bavn.centre.desk.views import MemberView
from bavn.centre.members.enrolment import TOKEN_LIFE_US
from bavn.centre.members.registry import UnknownActor
from bavn.model.health import ends_soon
from bavn.model.moment import SECOND_US
from bavn.model.node_health import condition_of
from bavn.model.sector.member import ActorState
from bavn.model.spans import lasting
from bavn.model.text import Number, Text

Actor = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class HealthShape(Shape):
    """How its node said it is, and when."""

    received_us: int
    version: str
    sensor: str
    capture_loss_permille: int
    clock_skew_s: int
    queue_messages: int
    last_round: str | None


class MemberRow(Shape):
    """A member. ``worries``: what is wrong, in words. ``certificate_until_us``: when its last certificate ends."""

    name: str
    kind: str
    group: str
    state: ActorState
    canary: bool
    functions: list[str]
    suppliers: list[str]
    health: HealthShape | None
    certificate_until_us: int | None
    worries: list[TextShape]


class PaperShape(Shape):
    """A certificate, by the beginning of its fingerprint (SHA-256)."""

    fingerprint: str
    issued_us: int
    until_us: int
    revoked_us: int | None
    in_force: bool


class QuotaShape(Shape):
    """How much of one kind of message is taken in an hour; ``own``: not the sector's."""

    kind: str
    messages_per_hour_max: int
    bytes_per_hour_max: int
    own: bool


class ActOnMember(Shape):
    """An act that its state offers, and what will happen."""

    act: str
    will_happen: list[TextShape]


class MemberWhole(Shape):
    """One member: papers, quotas, open invitations, and what each act would do."""

    row: MemberRow
    x: int
    papers: list[PaperShape]
    invited_until_us: list[int]
    quotas: list[QuotaShape]
    acts: list[ActOnMember]


class Token(Shape):
    """A one-time token, shown this once; ``pin`` of the sector's authority. Hand both over outside Bavn."""

    actor: str
    token: str
    pin: str
    until_us: int
    says: TextShape


SHOWN_ONCE: Final = Text(
    "The token works once, for one day, and is never shown again. Hand it and the pin over outside Bavn."
)


router = APIRouter(prefix="/members", tags=["members"])
"""Below ``/members``."""


@router.get("", operation_id="members")
def members(context: Context, _: Annotated[Person, allow(Right.READ)]) -> Rows[MemberRow]:
    """All members, by name: their state, how their nodes said they are, and what is wrong."""
    until = context.registry.valid_until()
    items = [_row(context, view, until.get(view.actor.name)) for view in context.desk.members()]
    return Rows(items=items, total=len(items))


@router.get("/{actor}", operation_id="member")
def member(context: Context, _: Annotated[Person, allow(Right.READ)], actor: Actor) -> MemberWhole:
    """One member: certificates and their ends, quotas, and what suspending or revoking it would do."""
    with refusing(*acts.REFUSES):
        return _whole(context, actor)


def _membership(context: SacContext) -> Membership:
    return Membership(context.registry, context.enrolment, context.roles, context.clock)


@router.post("/invitations", operation_id="invite_member", status_code=201, description=acts.invite.__doc__)
def invite(context: Context, person: Annotated[Person, allow(acts.invite)], body: acts.Inviting) -> Token:
    token = acts.invite(_membership(context), person.name, body)
    return Token(
        actor=body.name,
        token=token,
        pin=context.enrolment.authority.fingerprint,
        until_us=context.clock.now_us() + TOKEN_LIFE_US,
        says=TextShape.of(SHOWN_ONCE),
    )


@router.put("/{actor}", operation_id="set_member", description=acts.change.__doc__)
def set_(
    context: Context, person: Annotated[Person, allow(acts.change)], actor: Actor, body: acts.Setting
) -> MemberWhole:
    acts.change(_membership(context), person.name, actor, body)
    return _whole(context, actor)


@router.put("/{actor}/quota", operation_id="set_quota", description=acts.quota.__doc__)
def quota(
    context: Context, person: Annotated[Person, allow(acts.quota)], actor: Actor, body: acts.QuotaSetting
) -> MemberWhole:
    acts.quota(_membership(context), person.name, actor, body)
    return _whole(context, actor)


def _step(way: Literal["suspend", "resume", "revoke"], what: str) -> None:
    @router.post(f"/{{actor}}/{way}", name=way, operation_id=f"{way}_member", description=what)
    def done(context: Context, person: Annotated[Person, allow(acts.step)], actor: Actor, body: Because) -> MemberWhole:
        acts.step(_membership(context), person.name, actor, way, body.why)
        return _whole(context, actor)


_step("suspend", "Let it in no more until it is resumed.")
_step("resume", "Let a suspended member in again, with the keys that it has.")
_step("revoke", "Shut it out for good; only a new invitation lets it enrol again.")


@router.post("/{actor}/set-apart", operation_id="set_member_apart", description=acts.set_apart.__doc__)
def set_apart(
    context: Context, person: Annotated[Person, allow(acts.set_apart)], actor: Actor, body: Because
) -> MemberWhole:
    with refusing(*acts.REFUSES):
        group = _group_of(context, actor)
    acts.set_apart(context.desk.apart, person.name, group, body.why)
    return _whole(context, actor)


@router.post("/{actor}/let-join", operation_id="let_member_join", description=acts.let_join.__doc__)
def let_join(
    context: Context, person: Annotated[Person, allow(acts.let_join)], actor: Actor, body: Because
) -> MemberWhole:
    with refusing(*acts.REFUSES):
        group = _group_of(context, actor)
    acts.let_join(context.desk.apart, person.name, group, body.why)
    return _whole(context, actor)


def _group_of(context: SacContext, name: str) -> str:
    member = context.registry.actor(name)
    if member is None:
        raise UnknownActor(Text("no actor is called {name}", name=repr(name)))
    return member.group


def _row(context: SacContext, view: MemberView, until_us: int | None) -> MemberRow:
    actor, health = view.actor, view.health
    active = actor.state is ActorState.ACTIVE
    worries = _worries(view, until_us, context.clock.now_us())
    return filled(
        MemberRow,
        actor,
        view.role,
        health=None if health is None else filled(HealthShape, health),
        certificate_until_us=until_us,
        worries=[TextShape.of(one) for one in (*_apart(context, view), *worries)] if active else [],
    )


def _apart(context: SacContext, view: MemberView) -> list[Text]:
    apart = context.desk.apart.standing().get(view.actor.group)
    return [] if apart is None else [apart.text]


def _worries(view: MemberView, until_us: int | None, now_us: int) -> list[Text]:
    """What is wrong with an active member, the gravest first."""
    worries, health = [], view.health
    if until_us is not None and until_us <= now_us:
        worries.append(Text("its certificate has ended: invite it anew"))
    elif until_us is not None and ends_soon(until_us, now_us):
        worries.append(Text("its certificate ends soon, not renewed"))
    if health is None:
        return [*worries, Text("its node has never reported its health")]
    condition = condition_of(health, now_us)
    if condition.silent:
        worries.append(Text("its node is silent"))
    if condition.sensor_down:
        worries.append(Text("its sensor is down"))
    if condition.lossy:
        loss = Number(health.capture_loss_permille / 10, ".1f")
        worries.append(Text("it loses {loss} % of its packets", loss=loss))
    if condition.clock_off:
        off = lasting(abs(health.clock_skew_s) * SECOND_US)
        worries.append(Text("its clock is off by {off}", off=off))
    return worries


def _whole(context: SacContext, name: str) -> MemberWhole:
    view = next((member for member in context.desk.members() if member.actor.name == name), None)
    if view is None:
        raise UnknownActor(Text("no actor is called {name}", name=repr(name)))
    now_us = context.clock.now_us()
    papers, invited = context.registry.papers(name)
    shown = [
        filled(
            PaperShape,
            paper,
            fingerprint=paper.fingerprint[:16],
            in_force=paper.revoked_us is None and now_us < paper.until_us,
        )
        for paper in papers
    ]
    return MemberWhole(
        row=_row(context, view, context.registry.valid_until().get(name)),
        x=view.actor.x,
        papers=shown,
        invited_until_us=list(invited),
        quotas=[
            filled(QuotaShape, quota, kind=kind, own=own)
            for kind, (quota, own) in sorted(context.registry.quotas(name).items())
        ],
        acts=_offered(context, view, sum(paper.in_force for paper in shown)),
    )


def _offered(context: SacContext, view: MemberView, in_force: int) -> list[ActOnMember]:
    state = view.actor.state
    invite = ActOnMember(act="invite", will_happen=[TextShape.of(SHOWN_ONCE)])
    if state is ActorState.SUSPENDED:
        again = Text("It is let in again with the certificates that it has, and gets what waited for it.")
        acts = [ActOnMember(act="resume", will_happen=[TextShape.of(again)])]
        return [*acts, ActOnMember(act="revoke", will_happen=_leaving(context, view, in_force, for_good=True)), invite]
    if state is ActorState.ACTIVE:
        return [
            ActOnMember(act="suspend", will_happen=_leaving(context, view, in_force, for_good=False)),
            ActOnMember(act="revoke", will_happen=_leaving(context, view, in_force, for_good=True)),
            invite,
            _apart_act(context, view),
        ]
    if state is ActorState.INVITED:
        return [invite, ActOnMember(act="revoke", will_happen=_leaving(context, view, in_force, for_good=True))]
    return [invite]


def _apart_act(context: SacContext, view: MemberView) -> ActOnMember:
    apart = context.desk.apart.standing().get(view.actor.group)
    if apart is None:
        words = [
            Text("In rounds where two suffice, its reports and its group's join nothing; all else goes on."),
            Text("Two people let it join again."),
        ]
    elif apart.asked_by:
        words = [Text("{who} asked for it: you are the second person, and it joins again.", who=apart.asked_by)]
    else:
        words = [Text("It joins again when a second person says the same within a day.")]
    act = "set-apart" if apart is None else "let-join"
    return ActOnMember(act=act, will_happen=[TextShape.of(one) for one in words])


def _leaving(context: SacContext, view: MemberView, in_force: int, *, for_good: bool) -> list[TextShape]:
    """What follows when it is shut out, in the order in which people ask."""
    waiting, held, requests = waits_for(context.desk.engine, view.actor.name)
    left = len(context.registry.members()[1]) - (view.actor.state is ActorState.ACTIVE)
    lacks = [
        Text("Its node is refused from its next request on."),
        Text.counted(
            "Rounds that open from now on have {count:,} member, under a new version of the member list.",
            "Rounds that open from now on have {count:,} members, under a new version of the member list.",
            left,
        ),
        Text.counted(
            "{count:,} indicator that it was given stays in force there until its own end; it hears of no withdrawal.",
            "{count:,} indicators that it was given stay in force there until their own end; it hears of no"
            " withdrawal.",
            held,
        ),
        Text.shaped(
            "{messages}; {questions}.",
            messages=Text.counted("{count:,} message to it waits", "{count:,} messages to it wait", waiting),
            questions=Text.counted("{count:,} question is not sent", "{count:,} questions are not sent", requests),
        ),
        Text("What it reported before stays in the sector's leads and cases."),
    ]
    if for_good:
        lacks.insert(
            1,
            Text.counted(
                "{count:,} certificate, its message key and open invitations end for good.",
                "{count:,} certificates, its message key and open invitations end for good.",
                in_force,
            ),
        )
    else:
        lacks.insert(
            1,
            Text.counted(
                "{count:,} certificate and its keys stay, so that one act lets it in again.",
                "{count:,} certificates and its keys stay, so that one act lets it in again.",
                in_force,
            ),
        )
    return [TextShape.of(one) for one in lacks]
