"""Exercises at the centre: planned, started, confirmed, released, ended and stopped by named people; to whom each state
is owed; and how far each actor has come.

They have tables of their own: no lead, case, indicator, statistic, partner or deadline knows of them. Whoever confirmed
the case does not release it. Refuses to send anything: the centre's node does, by gate 3.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, or_, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.exercises.tables import EXERCISE, STEP, TOLD, make_exercise_tables
from bavn.centre.cases.tables import reading, writing
from bavn.centre.cases.two_people import CENTRE, person, second
from bavn.centre.store.owed import QUEUED, REFUSED, due, owing, settled
from bavn.centre.store.rows import row_of, value_from
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.received import ExerciseStatement
from bavn.model.sector.exercise import (
    AHEAD_DAYS_MAX,
    OVER,
    ActorStep,
    BadExercise,
    Campaign,
    ExerciseAct,
    ExerciseState,
    NoSuchStep,
    Plan,
    Role,
    after,
    may_follow,
    ruled_out,
)
from bavn.model.text import Text

OPEN_MAX: Final = 3
WHY_CHARS_MAX: Final = 500
KEPT_DAYS: Final = 400


class UnknownExercise(LookupError):
    """No exercise has that id. Whoever asked must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """A step of an actor. ``second``: since the exercise began, by its clock."""

    step: ActorStep
    second: int
    detector: str | None
    p_bucket: int | None
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtActor:
    """An actor in an exercise. ``rule``: what gate 3 refused, if anything; ``told_us``: when it was first told."""

    role: Role
    status: str
    rule: str
    told_us: int | None
    steps: tuple[Stood, ...]

    def steps_taken(self) -> frozenset[ActorStep]:
        """Every step that it took."""
        return frozenset(one.step for one in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One, whole. Each moment is None until it comes; ``by``: act -> who."""

    id: str
    state: ExerciseState
    version: int
    plan: Plan
    planned_us: int
    started_us: int | None
    lead_us: int | None
    confirmed_us: int | None
    released_us: int | None
    over_us: int | None
    over_why: str
    by: dict[str, str] = field(default_factory=dict)
    actors: tuple[AtActor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A state of an exercise that waits to be told to an actor; ``by``: who started it."""

    to: str
    exercise: Exercise
    role: Role
    by: str


class Exercises:
    """May be open in several processes at once; ``step`` from one only. ``may_say`` is gate 2's question."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_exercise_tables(engine)
        self.engine, self._clock = engine, clock

    # --- people ------------------------------------------------------------------------------------------------

    def plan(self, plan: Plan, by: str) -> Exercise:
        """A new plan. Raises BadExercise, who.NotAllowed."""
        person(by)
        now_us = self._clock.now_us()
        if plan.ends_us <= now_us:
            raise BadExercise(Text("its end has passed"))
        with writing(self.engine) as tx:
            if self._open(tx) >= OPEN_MAX:
                raise BadExercise(
                    Text("{open_max} exercises are planned or in progress: end one first", open_max=OPEN_MAX)
                )
            whole = f"{audit.head_in(tx)[0]}/{now_us}/{by}/{_plan_text(plan)}".encode()
            exercise_id = f"exercise-{hashlib.sha256(whole).hexdigest()[:16]}"
            tx.execute(
                insert(EXERCISE).values(
                    id=exercise_id,
                    state=ExerciseState.PLANNED.value,
                    version=0,
                    plan=_plan_text(plan),
                    planned_by=by,
                    planned_us=now_us,
                    started_by="",
                    confirmed_by="",
                    released_by="",
                    over_by="",
                    over_why="",
                )
            )
            tx.execute(
                insert(TOLD),
                [
                    {
                        "exercise_id": exercise_id,
                        "actor": role.actor,
                        "campaign": role.campaign.value,
                        "after_minutes": role.after_minutes,
                        **owing(0),
                        "status": QUEUED,
                    }
                    for role in plan.roles
                ],
            )
            self._note(tx, by, "exercise-plan", exercise_id, {"actors": [role.actor for role in plan.roles]})
            return self._read(tx, exercise_id)

    def start(self, exercise_id: str, by: str) -> Exercise:
        """Tells every actor of it; it begins at its time. Raises UnknownExercise, NoSuchStep, who.NotAllowed."""
        return self._act(exercise_id, ExerciseAct.START, by)

    def confirm(self, exercise_id: str, by: str) -> Exercise:
        """A person has looked at the exercise's lead and calls it a case. Raises as ``start``."""
        return self._act(exercise_id, ExerciseAct.CONFIRM, by)

    def release(self, exercise_id: str, by: str) -> Exercise:
        """The exercise's indicator goes out, by somebody else than who confirmed. Raises as ``start``."""
        return self._act(exercise_id, ExerciseAct.RELEASE, by)

    def end(self, exercise_id: str, by: str, why: str) -> Exercise:
        """It is over as planned. Raises as ``start``; BadExercise without a reason."""
        return self._act(exercise_id, ExerciseAct.END, by, why)

    def stop(self, exercise_id: str, by: str, why: str) -> Exercise:
        """The kill: it ends at all nodes at once, from any state. Raises as ``end``."""
        return self._act(exercise_id, ExerciseAct.STOP, by, why)

    def _act(self, exercise_id: str, act: ExerciseAct, by: str, why: str = "") -> Exercise:
        person(by)
        if act in (ExerciseAct.END, ExerciseAct.STOP) and (not why.strip() or len(why) > WHY_CHARS_MAX):
            raise BadExercise(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
        now_us = self._clock.now_us()
        with writing(self.engine) as tx:
            known = self._read(tx, exercise_id)
            state = after(known.state, act)
            if act is ExerciseAct.START and known.plan.ends_us <= now_us:
                raise NoSuchStep(Text("its end has passed: plan another"))
            if act is ExerciseAct.START and known.plan.begins_us > now_us + AHEAD_DAYS_MAX * DAY_US:
                raise NoSuchStep(
                    Text(
                        "nodes hear of nothing that begins more than {ahead_days_max} days ahead: wait",
                        ahead_days_max=AHEAD_DAYS_MAX,
                    )
                )
            if act is ExerciseAct.CONFIRM and known.lead_us is None:
                raise NoSuchStep(
                    Text("fewer than {t} actors have let it out: there is no lead to confirm", t=known.plan.t)
                )
            if act is ExerciseAct.RELEASE:
                first = known.by.get("confirmed", "")
                second(first, by, Text("whoever confirmed the case does not release it: two people are needed"))
            self._note(tx, by, f"exercise-{act.value}", exercise_id, {"why": why} if why else {})
            self._move(tx, known, state, _writes(act, now_us, by, why))
            return self._read(tx, exercise_id)

    def _move(self, tx: Connection, known: Exercise, state: ExerciseState, values: dict[str, Any]) -> None:
        """The state, and the next version owed to everybody: a plan that nobody was told of is owed to nobody."""
        tx.execute(
            update(EXERCISE)
            .where(EXERCISE.c.id == known.id)
            .values(state=state.value, version=known.version + 1, **values)
        )
        here = TOLD.c.exercise_id == known.id
        if known.state is ExerciseState.PLANNED and state in OVER:
            return
        tx.execute(update(TOLD).where(here).values(**owing(known.version + 1)))

    # --- the service -------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Makes the exercise's lead where enough actors have let it out; ends what is past its time."""
        now_us = self._clock.now_us()
        with reading(self.engine) as tx:
            states = [state.value for state in ExerciseState if state not in OVER]
            ids = list(tx.scalars(select(EXERCISE.c.id).where(EXERCISE.c.state.in_(states))))
            found = [self._read(tx, exercise_id) for exercise_id in ids]
        for exercise in found:
            out = sum(1 for actor in exercise.actors if ActorStep.LET_OUT in actor.steps_taken())
            leads = exercise.lead_us is None and exercise.state is ExerciseState.RUNNING and out >= exercise.plan.t
            over = exercise.plan.ends_us <= now_us
            if not leads and not over:
                continue
            with writing(self.engine) as tx:
                known = self._read(tx, exercise.id)
                if leads and known.lead_us is None:
                    tx.execute(update(EXERCISE).where(EXERCISE.c.id == exercise.id).values(lead_us=now_us))
                    self._note(tx, CENTRE, "exercise-lead", exercise.id, {"actors": out})
                if over and known.state not in OVER:
                    self._note(tx, CENTRE, "exercise-over", exercise.id, {})
                    ended = _writes(ExerciseAct.END, now_us, CENTRE, "its time is over")
                    self._move(tx, known, ExerciseState.ENDED, ended)

    def owed(self, active: Sequence[str], limit: int = 1000) -> list[Owed]:
        """What waits to be told now to actors that are members."""
        query = (
            select(TOLD.c.exercise_id, TOLD.c.actor)
            .where(due(TOLD, self._clock.now_us()), TOLD.c.actor.in_(list(active)))
            .order_by(TOLD.c.exercise_id, TOLD.c.actor)
            .limit(limit)
        )
        with reading(self.engine) as tx:
            rows = tx.execute(query).all()
            known = {exercise_id: self._read(tx, exercise_id) for exercise_id in {row.exercise_id for row in rows}}
        owed_now = []
        for row in rows:
            exercise = known[row.exercise_id]
            role = next(actor_role for actor_role in exercise.plan.roles if actor_role.actor == row.actor)
            owed_now.append(Owed(to=row.actor, exercise=exercise, role=role, by=exercise.by.get("started", "")))
        return owed_now

    def done(self, owed: Owed, rule: str, again_us: int | None) -> None:
        """It lies in the actor's queue (``rule`` empty), or gate 3 refused it: for good, or to be tried again from
        ``again_us`` on. A newer version stays owed."""
        here = and_(
            TOLD.c.exercise_id == owed.exercise.id, TOLD.c.actor == owed.to, TOLD.c.version == owed.exercise.version
        )
        values = settled(rule, again_us)
        with writing(self.engine) as tx:
            tx.execute(update(TOLD).where(here).values(**values))
            if values["status"] == QUEUED:
                now_us = self._clock.now_us()
                tx.execute(update(TOLD).where(here, TOLD.c.told_us.is_(None)).values(told_us=now_us))
            elif values["status"] == REFUSED:
                self._note(tx, CENTRE, "exercise-not-told", owed.exercise.id, {"actor": owed.to, "rule": rule})

    def may_say(self, exercise_id: str, actor: str, step: str) -> Refused | None:
        """Why an actor may not say so: an exercise that it was not told of, a step that was taken or ruled out. Whether
        it follows is seen when it is heard: several may come at once."""
        with reading(self.engine) as tx:
            here = (TOLD.c.exercise_id == exercise_id) & (TOLD.c.actor == actor) & TOLD.c.told_us.is_not(None)
            if tx.execute(select(TOLD.c.actor).where(here)).first() is None:
                return Refused("unknown_exercise", "the actor was told of no such exercise")
            said = _steps_of(tx, exercise_id, actor)
        if ruled_out(frozenset(said), ActorStep(step)):
            return Refused("exercise_step", "this step was said before, or another one rules it out")
        return None

    def take_in(self, statement: ExerciseStatement) -> None:
        """Keeps a step; repeatable. One that does not follow on what was said before it moves nothing."""
        with writing(self.engine) as tx:
            known = _steps_of(tx, statement.exercise_id, statement.actor)
            its_row = (TOLD.c.exercise_id == statement.exercise_id) & (TOLD.c.actor == statement.actor)
            if tx.execute(select(TOLD.c.actor).where(its_row)).first() is None:
                return
            if may_follow(frozenset(known), statement.step):
                tx.execute(insert(STEP).values(**row_of(STEP, statement, step=statement.step.value)))

    # --- looking -----------------------------------------------------------------------------------------------

    def get(self, exercise_id: str) -> Exercise:
        """One, and how far each actor is. Raises UnknownExercise."""
        with reading(self.engine) as tx:
            return self._read(tx, exercise_id)

    def every(
        self, limit: int = 50, *, state: ExerciseState | None = None, after: tuple[int, str] | None = None
    ) -> list[Exercise]:
        """The latest first. ``after``: ``planned_us`` and id of the last one that was shown."""
        query = select(EXERCISE.c.id).order_by(EXERCISE.c.planned_us.desc(), EXERCISE.c.id).limit(limit)
        if state is not None:
            query = query.where(EXERCISE.c.state == state.value)
        if after is not None:
            at_us, last = after
            same = and_(EXERCISE.c.planned_us == at_us, EXERCISE.c.id > last)
            query = query.where(or_(EXERCISE.c.planned_us < at_us, same))
        with reading(self.engine) as tx:
            return [self._read(tx, one) for one in list(tx.scalars(query))]

    def forget(self) -> None:
        """Drops what has been over for more than a year."""
        before_us = self._clock.now_us() - KEPT_DAYS * DAY_US
        with writing(self.engine) as tx:
            ids = list(tx.scalars(select(EXERCISE.c.id).where(EXERCISE.c.over_us < before_us)))
            for table in (STEP, TOLD):
                tx.execute(delete(table).where(table.c.exercise_id.in_(ids)))
            tx.execute(delete(EXERCISE).where(EXERCISE.c.id.in_(ids)))

    def _open(self, tx: Connection) -> int:
        over = [state.value for state in OVER]
        return int(tx.scalar(select(func.count()).select_from(EXERCISE).where(EXERCISE.c.state.not_in(over))) or 0)

    def _read(self, tx: Connection, exercise_id: str) -> Exercise:
        row = tx.execute(select(EXERCISE).where(EXERCISE.c.id == exercise_id)).first()
        if row is None:
            raise UnknownExercise(
                Text(
                    "no exercise is called {exercise_id} (bavn centre exercise list)",
                    exercise_id=repr(exercise_id[:40]),
                )
            )
        rows = tx.execute(select(TOLD).where(TOLD.c.exercise_id == exercise_id).order_by(TOLD.c.actor)).all()
        steps = tx.execute(
            select(STEP).where(STEP.c.exercise_id == exercise_id).order_by(STEP.c.actor, STEP.c.serial)
        ).all()
        roles = tuple(
            Role(actor=entry.actor, campaign=Campaign(entry.campaign), after_minutes=entry.after_minutes)
            for entry in rows
        )
        actors = tuple(
            AtActor(
                role=role,
                status=entry.status,
                rule=entry.rule,
                told_us=entry.told_us,
                steps=tuple(_stood(step) for step in steps if step.actor == entry.actor),
            )
            for role, entry in zip(roles, rows, strict=True)
        )
        by = {name: getattr(row, f"{name}_by") for name in ("planned", "started", "confirmed", "released", "over")}
        return value_from(
            Exercise,
            row,
            state=ExerciseState(row.state),
            plan=_plan(row.plan, roles),
            by={name: who for name, who in by.items() if who},
            actors=actors,
        )

    def _note(self, tx: Connection, by: str, act: str, exercise_id: str, detail: dict[str, Any]) -> None:
        audit.note(tx, self._clock.now_us(), by, act, f"exercise/{exercise_id}", detail)


def _writes(act: ExerciseAct, now_us: int, by: str, why: str = "") -> dict[str, Any]:
    """The columns that an act fills."""
    name = _COLUMNS[act]
    said: dict[str, Any] = {f"{name}_us": now_us, f"{name}_by": recorded(by)}
    return said | {"over_why": why} if name == "over" else said


_COLUMNS: Final = {
    ExerciseAct.START: "started",
    ExerciseAct.CONFIRM: "confirmed",
    ExerciseAct.RELEASE: "released",
    ExerciseAct.END: "over",
    ExerciseAct.STOP: "over",
}


def _steps_of(tx: Connection, exercise_id: str, actor: str) -> set[ActorStep]:
    here = (STEP.c.exercise_id == exercise_id) & (STEP.c.actor == actor)
    return {ActorStep(one) for one in tx.scalars(select(STEP.c.step).where(here))}


def _stood(row: Row[Any]) -> Stood:
    return value_from(Stood, row, step=ActorStep(row.step))


def _plan_text(plan: Plan) -> str:
    body = {
        "title": [plan.title.en, plan.title.da],
        "objectives": [[one.en, one.da] for one in plan.objectives],
        "begins_us": plan.begins_us,
        "ends_us": plan.ends_us,
        "t": plan.t,
    }
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def _plan(text: str, roles: tuple[Role, ...]) -> Plan:
    body = json.loads(text)
    return Plan(
        title=Text.of(body["title"]),
        objectives=tuple(Text.of(one) for one in body["objectives"]),
        roles=roles,
        begins_us=body["begins_us"],
        ends_us=body["ends_us"],
        t=body["t"],
    )
