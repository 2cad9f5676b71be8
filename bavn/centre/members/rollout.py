"""The register of the roll-out: who is to come, how far each has come, the plan, and who waits for whom.

What an actor does (functions, suppliers, group, kind) is the registry's as soon as it is a member; before that it is
written here and handed over when it is invited. Every method works in the caller's transaction. Refuses to know who may
act, and what a step needs from outside.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, get_args

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from bavn.centre.members.roles import check_roles
from bavn.centre.members.rollout_tables import MOVE, PARTY, PLAN, WAIT, make_rollout_tables
from bavn.centre.members.tables import ROLE
from bavn.centre.store.engine import reading
from bavn.model.sector.functions import Role
from bavn.model.sector.member import ACTOR_NAME, ActorKind, is_reserved
from bavn.model.sector.refusal import word
from bavn.model.sector.rollout import PATH, NoSuchStep, RolloutAct, Stage, Step, Wait, circle, step_from
from bavn.model.text import Text

PARTIES_MAX: Final = 1000
MOVES_MAX: Final = 500
WAITS_MAX: Final = 20
TITLE_CHARS_MAX: Final = 100
REGION: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
CONTACT: Final = re.compile(r"[^\s@<>,;\"']{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,188}")


NOTHING_SAID: Final = Role()


class BadEntry(ValueError):
    """The register cannot hold that. Whoever wrote it must act."""


class UnknownParty(Exception):
    """The register knows nobody of that name. Whoever asked must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An actor as the roll-out knows it. ``before``: where it stood when it was suspended. ``contact``: the mailbox of
    its SOC, for warnings; ``since_us``: when it came to where it stands."""

    actor: str
    title: str = ""
    kind: str = "other"
    region: str = ""
    group: str = ""
    role: Role = NOTHING_SAID
    contact: str = ""
    stage: Stage = Stage.CANDIDATE
    before: Stage | None = None
    since_us: int = 0

    def __post_init__(self) -> None:
        if not ACTOR_NAME.fullmatch(self.actor) or is_reserved(self.actor):
            raise BadEntry(Text("no actor can be called {actor}", actor=repr(self.actor[:60])))
        if self.title != self.title.strip() or len(self.title) > TITLE_CHARS_MAX or not self.title.isprintable():
            raise BadEntry(f"a title has at most {TITLE_CHARS_MAX} printable characters")
        if self.kind not in get_args(ActorKind):
            raise BadEntry(f"no kind is called {self.kind[:40]!r}; known: {', '.join(get_args(ActorKind))}")
        if self.region and not REGION.fullmatch(self.region):
            raise BadEntry(f"no region can be called {self.region[:40]!r}: a-z, 0-9 and '-', a letter first")
        if self.contact and not CONTACT.fullmatch(self.contact):
            raise BadEntry(f"{self.contact[:60]!r} is no mailbox")
        check_roles(self.role.functions, self.role.suppliers, self.group or self.actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One step that was taken. ``evidence``: SHA-256 in hex of what it rests on, or empty; ``by_hand``: a person gave
    that, and the centre verified nothing."""

    actor: str
    number: int
    at_us: int
    act: RolloutAct
    come_from: Stage
    to: Stage
    by: str
    why: str
    evidence: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The day (since 1970) on which an actor is to come to a state, and the day that was planned first."""

    actor: str
    stage: Stage
    day: int
    first_day: int


def party(tx: Connection, actor: str) -> Party | None:
    """None for whom the register does not know."""
    row = tx.execute(select(PARTY).where(PARTY.c.actor == actor)).first()
    return None if row is None else _party(row)


def known(tx: Connection, actor: str) -> Party:
    """Raises UnknownParty."""
    known = party(tx, actor)
    if known is None:
        raise UnknownParty(Text("the roll-out knows no {actor}: bavn centre rollout add", actor=repr(actor[:60])))
    return known


def parties(tx: Connection) -> list[Party]:
    """All of them, by name."""
    return [_party(row) for row in tx.execute(select(PARTY).order_by(PARTY.c.actor))]


def known_parties(engine: Engine) -> list[Party]:
    """The same of a database, which may not have the register yet."""
    make_rollout_tables(engine)
    with reading(engine) as tx:
        return parties(tx)


def keep(tx: Connection, party: Party, at_us: int) -> None:
    """Writes what the register says of an actor; where it stands stays as it is, unless it is new. BadEntry beyond the
    bound."""
    values = {
        "title": party.title,
        "kind": party.kind,
        "region": party.region,
        "group": party.group,
        "contact": party.contact,
        "functions": json.dumps(party.role.functions),
        "suppliers": json.dumps(party.role.suppliers),
    }
    if tx.execute(update(PARTY).where(PARTY.c.actor == party.actor).values(**values)).rowcount == 0:
        if int(tx.scalar(select(func.count()).select_from(PARTY)) or 0) >= PARTIES_MAX:
            raise BadEntry(f"the roll-out has at most {PARTIES_MAX} actors")
        stands = {"stage": party.stage.value, "before": party.before.value if party.before else "", "changed_us": at_us}
        tx.execute(insert(PARTY).values(actor=party.actor, **values, **stands))


def move(
    tx: Connection,
    actor: str,
    act: RolloutAct,
    at_us: int,
    by: str,
    why: str,
    evidence: str = "",
    *,
    by_hand: bool = False,
) -> tuple[Step, Moved]:
    """Takes a step of the table. Raises UnknownParty, NoSuchStep; BadEntry beyond the bound."""
    stands = known(tx, actor)
    step = step_from(stands.stage, act)
    to = step.to or stands.before or Stage.ENROLLED
    number = int(tx.scalar(select(func.coalesce(func.max(MOVE.c.number), 0)).where(MOVE.c.actor == actor)) or 0) + 1
    if number > MOVES_MAX:
        raise BadEntry(Text("an actor takes at most {moves_max} steps", moves_max=MOVES_MAX))
    before = stands.stage.value if to is Stage.SUSPENDED else ""
    tx.execute(update(PARTY).where(PARTY.c.actor == actor).values(stage=to.value, before=before, changed_us=at_us))
    moved = Moved(
        actor=actor,
        number=number,
        at_us=at_us,
        act=act,
        come_from=stands.stage,
        to=to,
        by=by,
        why=why,
        evidence=evidence,
        by_hand=by_hand,
    )
    tx.execute(
        insert(MOVE).values(
            actor=actor,
            number=number,
            at_us=at_us,
            act=act.value,
            came_from=stands.stage.value,
            went_to=to.value,
            by_user=by,
            why=why,
            evidence=evidence,
            by_hand=by_hand,
        )
    )
    return step, moved


def follow(tx: Connection, actor: str, act: RolloutAct, at_us: int, by: str, why: str) -> Moved | None:
    """The step that follows from what happened in the registry, where the register knows the actor and has it there;
    else nothing."""
    if party(tx, actor) is None:
        return None
    try:
        return move(tx, actor, act, at_us, by, why)[1]
    except NoSuchStep:
        return None


def moves(tx: Connection, actor: str | None = None) -> list[Moved]:
    """Every step that was taken, by actor and number."""
    query = select(MOVE).order_by(MOVE.c.actor, MOVE.c.number)
    if actor is not None:
        query = query.where(MOVE.c.actor == actor)
    return [
        Moved(
            actor=row.actor,
            number=row.number,
            at_us=row.at_us,
            act=RolloutAct(row.act),
            come_from=Stage(row.came_from),
            to=Stage(row.went_to),
            by=row.by_user,
            why=row.why,
            evidence=row.evidence,
            by_hand=bool(row.by_hand),
        )
        for row in tx.execute(query)
    ]


def plan(tx: Connection, actor: str, days: Mapping[Stage, int | None]) -> None:
    """Sets the days (since 1970) on which an actor is to come to states of the way in, or takes them out (None). Raises
    UnknownParty; BadEntry for a state beside the way and for days out of order."""
    known(tx, actor)
    for stage, day in days.items():
        if stage not in PATH[1:]:
            raise BadEntry(Text("what is planned is one of {path}", path=", ".join(PATH[1:])))
        if day is not None and not 0 <= day <= 100_000:
            raise BadEntry(Text("a day lies between 1970 and 2243"))
        here = (PLAN.c.actor == actor) & (PLAN.c.stage == stage.value)
        first = tx.scalar(select(PLAN.c.first_day).where(here))
        tx.execute(delete(PLAN).where(here))
        if day is not None:
            kept = day if first is None else int(first)
            tx.execute(insert(PLAN).values(actor=actor, stage=stage.value, day=day, first_day=kept))
    mine = sorted(plans(tx, actor), key=lambda step: PATH.index(step.stage))
    for step, after in pairwise(mine):
        if after.day < step.day:
            raise BadEntry(
                Text(
                    "{actor} would come to {stage} before it comes to {until}",
                    actor=actor,
                    stage=word(after.stage),
                    until=word(step.stage),
                )
            )


def plans(tx: Connection, actor: str | None = None) -> list[Planned]:
    """All planned days, by actor."""
    query = select(PLAN).order_by(PLAN.c.actor, PLAN.c.day, PLAN.c.stage)
    if actor is not None:
        query = query.where(PLAN.c.actor == actor)
    return [
        Planned(actor=row.actor, stage=Stage(row.stage), day=row.day, first_day=row.first_day)
        for row in tx.execute(query)
    ]


def set_waits(tx: Connection, actor: str, wanted: Collection[Wait]) -> None:
    """Replaces what an actor waits for. Raises UnknownParty; BadEntry beyond the bound, for a state beside the way in,
    and where actors would wait for each other in a circle."""
    known(tx, actor)
    if len(wanted) > WAITS_MAX:
        raise BadEntry(f"an actor waits for at most {WAITS_MAX} others")
    tx.execute(delete(WAIT).where(WAIT.c.actor == actor))
    for wait in sorted(set(wanted)):
        known(tx, wait.other)
        if wait.actor != actor or wait.other == actor or wait.stage not in PATH[1:] or wait.until not in PATH[1:]:
            raise BadEntry("an actor waits for another one, with a state of the way in on both sides")
        if tx.scalar(select(func.count()).where(*_same_wait(wait))):
            raise BadEntry(f"{actor} waits twice for {wait.other} before {wait.stage.value}")
        tx.execute(insert(WAIT).values(actor=actor, stage=wait.stage.value, other=wait.other, until=wait.until.value))
    around = circle(waits(tx))
    if around:
        raise BadEntry(f"these would wait for each other: {', '.join(around)}")


def waits(tx: Connection, actor: str | None = None) -> list[Wait]:
    """Who waits for whom."""
    query = select(WAIT).order_by(WAIT.c.actor, WAIT.c.stage, WAIT.c.other)
    if actor is not None:
        query = query.where(WAIT.c.actor == actor)
    return [Wait(row.actor, Stage(row.stage), row.other, Stage(row.until)) for row in tx.execute(query)]


def hand_over(tx: Connection, party: Party) -> None:
    """What the register says an actor does becomes the registry's, as it is invited."""
    tx.execute(delete(ROLE).where(ROLE.c.actor == party.actor))
    rows = [{"actor": party.actor, "kind": "function", "name": name} for name in party.role.functions]
    rows += [{"actor": party.actor, "kind": "supplier", "name": name} for name in party.role.suppliers]
    if rows:
        tx.execute(insert(ROLE), rows)


def _same_wait(one: Wait) -> tuple[Any, ...]:
    return WAIT.c.actor == one.actor, WAIT.c.stage == one.stage.value, WAIT.c.other == one.other


def _party(row: Row[Any]) -> Party:
    return Party(
        actor=row.actor,
        title=row.title,
        kind=row.kind,
        region=row.region,
        group=row.group,
        contact=row.contact,
        role=Role(tuple(json.loads(row.functions)), tuple(json.loads(row.suppliers))),
        stage=Stage(row.stage),
        before=Stage(row.before) if row.before else None,
        since_us=row.changed_us,
    )
