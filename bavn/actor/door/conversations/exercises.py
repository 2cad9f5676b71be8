"""Exercises at an actor: heard through the gate "asked", taken part in only as the policy or a person here allows,
played in a lane apart, and told step by step through gate 1 (S5).

What is told follows from the exercise, the policy and people; of the actor's data there is nothing in reach here. When
an exercise is over, by the centre's word or by its own end, what was kept of it is wiped. Refuses any name but the
exercise's own, and to know how a campaign is played: the lane does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bavn.actor.door.draft import Draft, labelled, let_out, message_rule, put
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.exercise import (
    AHEAD_DAYS_MAX,
    HOURS_MAX,
    MINUTES_MAX,
    ActorStep,
    Campaign,
    ExerciseState,
    Played,
    is_reserved,
    may_follow,
)
from bavn.model.sector.work import is_plain
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.messages.exercise import ExerciseStep, ExerciseTold
from bavn.wire.outbox import Outbox

OPEN_MAX: Final = 3
"""More exercises at once than this are refused."""
PER_30_DAYS_MAX: Final = 20
KEPT_DAYS: Final = 30
WAITING_MAX: Final = 100
BY_POLICY: Final = "policy"
_OVER: Final = (ExerciseState.ENDED.value, ExerciseState.STOPPED.value)
_ORDER: Final = ("running", "confirmed", "released", *_OVER)
_SCHEMA: Final = (
    """CREATE TABLE door_exercise (
        exercise_id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL, said TEXT NOT NULL,
        heard_us INTEGER NOT NULL, over_us INTEGER
    ) STRICT""",
    """CREATE TABLE door_exercise_step (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, exercise_id TEXT NOT NULL, step TEXT NOT NULL,
        second INTEGER NOT NULL, detector TEXT, p_bucket INTEGER, by_whom TEXT NOT NULL, told_us INTEGER,
        rule TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX door_exercise_step_of ON door_exercise_step (exercise_id)",
    "CREATE INDEX door_exercise_step_waits ON door_exercise_step (number) WHERE told_us IS NULL",
)
EXERCISES_SQL: Final = (
    "SELECT exercise_id, version, state, said, heard_us, over_us FROM door_exercise ORDER BY heard_us DESC, exercise_id"
)
STEPS_SQL: Final = """SELECT number, at_us, exercise_id, step, second, detector, p_bucket, by_whom, told_us, rule
    FROM door_exercise_step ORDER BY number"""
Nothing = tuple[()]


class ExerciseSandbox(Protocol):
    """Where an exercise is played, apart from all that is real. Each gives None as long as it is not done."""

    def played(self, exercise_id: str, campaign: Campaign) -> Played | None:
        """The campaign's rows through detectors and gate 1's rules."""
        ...

    def blocked(self, exercise_id: str) -> ActorStep | None:
        """The indicator through gate 4's rules into an enforcer that reaches nothing: blocked, waits or refused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptExercise:
    """An exercise as this actor last heard of it. ``said``: the message's fields, empty once it was wiped; ``over_us``:
    since when it is over here."""

    exercise_id: str
    version: int
    state: str
    said: dict[str, Any]
    heard_us: int
    over_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatement:
    """A step that was taken here, by a person, the policy or the lane."""

    number: int
    at_us: int
    exercise_id: str
    step: str
    second: int
    detector: str | None
    p_bucket: int | None
    by: str
    told_us: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedExercise:
    """An exercise at the gate."""

    message: ExerciseTold
    note: Note


class Exercises:
    """One actor's, on its own book. ``step`` in the running node only."""

    def __init__(self, *, ledger: Ledger, outbox: Outbox, clock: Clock, policy: DoorPolicy, centre: str) -> None:
        self._book, self._clock, self._policy = ledger.book, clock, policy
        self._book.part("door_exercise", 1, _SCHEMA)
        heard = (
            Rule("exercises", self._takes_any),
            Rule("exercise_new", self._new),
            Rule("exercise_reserved", self._reserved),
            Rule("exercise_same", self._same),
            Rule("exercise_form", self._form),
            Rule("exercise_room", self._room),
        )
        self._heard = Gate[ReceivedExercise, Nothing](
            "asked",
            heard,
            ledger,
            clock,
            way="in",
            nothing=lambda: (),
            label=lambda item: item.note,
            follow=lambda item, _: item.note,
        )
        row: tuple[Rule[StepStatement, Draft], ...] = (
            Rule("exercises", self._may),
            Rule("exercise_known", self._known),
            Rule("exercise_step", self._in_order),
            Rule("exercise_fields", _fields),
        )
        last: Rule[StepStatement, Draft] = message_rule(ExerciseStep, outbox, centre)
        self._gate = Gate[StepStatement, Draft](
            "door",
            (*row, last),
            ledger,
            clock,
            way="out",
            nothing=Draft,
            label=lambda item: labelled("ExerciseStep", centre, _words(item)),
            follow=put(outbox, centre, lambda _: None),
        )

    # --- hearing -----------------------------------------------------------------------------------------------

    def take_in(self, message: ExerciseTold, note: Note) -> Refused | None:
        """Through the gate and into the book."""
        outcome = self._heard.offer(ReceivedExercise(message, note))
        if isinstance(outcome, Refused):
            return outcome
        said = json.dumps(message.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        now_us = self._clock.now_us()
        over_us = now_us if message.state in _OVER else None
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO door_exercise VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET version = excluded.version, state = excluded.state, said = excluded.said,
                  over_us = excluded.over_us""",
                (message.exercise_id, message.version, message.state, said, now_us, over_us),
            )
        return None

    def _takes_any(self, _: ReceivedExercise, draft: Nothing) -> Nothing | Refused:
        never = self._policy.exercises == "never"
        return Refused("exercises", "the policy takes part in no exercise") if never else draft

    def _new(self, item: ReceivedExercise, draft: Nothing) -> Nothing | Refused:
        known = self.get(item.message.exercise_id)
        if known is not None and (known.version >= item.message.version or known.over_us is not None):
            return Refused("exercise_new", "this actor has heard as much of the exercise, or it is over here")
        return draft

    def _reserved(self, item: ReceivedExercise, draft: Nothing) -> Nothing | Refused:
        said = item.message
        if is_reserved(said.exercise_id, said.element):
            return draft
        return Refused("exercise_reserved", "it names something else than the reserved name of the exercise")

    def _same(self, item: ReceivedExercise, draft: Nothing) -> Nothing | Refused:
        said, known = item.message, self.get(item.message.exercise_id)
        if known is None:
            return draft
        now, before = said.model_dump(mode="json"), dict(known.said)
        for changes in ("version", "state"):
            now.pop(changes), before.pop(changes, None)
        if now != before:
            return Refused("exercise_same", "its plan is another one than before")
        back = _ORDER.index(said.state) < _ORDER.index(known.state)
        return Refused("exercise_same", "it cannot go back") if back else draft

    def _form(self, item: ReceivedExercise, draft: Nothing) -> Nothing | Refused:
        said, now_us = item.message, self._clock.now_us()
        texts = [said.title_en, said.title_da, *(text for one in said.objectives for text in (one.en, one.da))]
        if not all(map(is_plain, texts)):
            return Refused("exercise_form", "a text holds what no screen should be given")
        if not 0 < said.ends_us - said.begins_us <= HOURS_MAX * HOUR_US:
            return Refused("exercise_form", f"it lasts no time, or more than {HOURS_MAX} hours")
        if said.state in _OVER:
            return draft
        if said.ends_us <= now_us or said.begins_us > now_us + AHEAD_DAYS_MAX * DAY_US:
            return Refused("exercise_form", "it is over, or too far ahead")
        return draft

    def _room(self, item: ReceivedExercise, draft: Nothing) -> Nothing | Refused:
        if self.get(item.message.exercise_id) is not None:
            return draft
        since_us = self._clock.now_us() - 30 * DAY_US
        if (
            self._count("over_us IS NULL", ()) >= OPEN_MAX
            or self._count("heard_us > ?", (since_us,)) >= PER_30_DAYS_MAX
        ):
            return Refused("exercise_room", f"{OPEN_MAX} exercises at once, {PER_30_DAYS_MAX} in 30 days: no more")
        return draft

    def _count(self, where: str, parameters: tuple[int, ...]) -> int:
        return int(self._book.rows(f"SELECT count(*) FROM door_exercise WHERE {where}", parameters)[0][0])

    def get(self, exercise_id: str) -> KeptExercise | None:
        """None for one that this actor has not heard of."""
        found = self._book.rows(EXERCISES_SQL.replace("ORDER", "WHERE exercise_id = ? ORDER"), (exercise_id,))
        return exercises_of(found)[0] if found else None

    def steps(self, exercise_id: str) -> list[StepStatement]:
        """What was taken here, told or waiting; without what the gate refused."""
        sql = STEPS_SQL.replace("ORDER", "WHERE exercise_id = ? AND rule = '' ORDER")
        return steps_of(self._book.rows(sql, (exercise_id,)))

    # --- taking part -------------------------------------------------------------------------------------------

    def leave(self, exercise_id: str, step: ActorStep, by: str, played: Played | None = None) -> None:
        """Leaves a step for the running node: by a person, the policy or the lane. KeyError for an unknown exercise."""
        known, now_us = self.get(exercise_id), self._clock.now_us()
        if known is None:
            raise KeyError(exercise_id)
        second = min(max(0, (now_us - int(known.said.get("begins_us", now_us))) // SECOND_US), 60 * MINUTES_MAX)
        detector, bucket = (played.detector, played.p_bucket) if played else (None, None)
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO door_exercise_step
                  (at_us, exercise_id, step, second, detector, p_bucket, by_whom, rule)
                VALUES (?, ?, ?, ?, ?, ?, ?, '')""",
                (now_us, exercise_id, step.value, second, detector, bucket, by),
            )

    def answer(self, exercise_id: str, step: ActorStep, by: str) -> Refused | None:
        """Leaves a person's step, unless gate 1 would refuse it now: then that. KeyError as ``leave``."""
        tried = StepStatement(
            number=1 << 50,
            at_us=0,
            exercise_id=exercise_id,
            step=step.value,
            second=0,
            detector=None,
            p_bucket=None,
            by=by,
        )
        outcome = self.try_on(tried)
        if isinstance(outcome, Refused):
            return outcome
        self.leave(exercise_id, step, by)
        return None

    def quit(self, exercise_id: str) -> bool:
        """Ends it here at once, whatever the centre says from then on; False where it was over already."""
        with self._book.transaction() as tx:
            done = tx.execute(
                "UPDATE door_exercise SET over_us = ?, state = ? WHERE exercise_id = ? AND over_us IS NULL",
                (self._clock.now_us(), ExerciseState.STOPPED.value, exercise_id),
            )
        return done.rowcount > 0

    def step(self, lane: ExerciseSandbox | None) -> None:
        """What is due: takes part where the policy says so, plays, blocks, ends, tells and wipes. Repeatable.
        Raises, at the end, what the lane or the machine did in between."""
        if not self._count("over_us IS NULL OR said != '{}'", ()):
            return
        failed: Exception | None = None
        for known in exercises_of(self._book.rows(f"{EXERCISES_SQL} LIMIT {OPEN_MAX + PER_30_DAYS_MAX}")):
            try:
                if known.said:
                    self._one(known, lane)
            except Exception as error:  # noqa: BLE001  one that cannot be played holds up no other
                failed = failed or error
        self.tell()
        self._wipe()
        if failed is not None:
            raise failed

    def _one(self, known: KeptExercise, lane: ExerciseSandbox | None) -> None:
        now_us = self._clock.now_us()
        taken = {ActorStep(one.step) for one in self.steps(known.exercise_id)}
        over = known.over_us is not None
        if not over and now_us >= int(known.said["ends_us"]):
            over = True
            with self._book.transaction() as tx:
                tx.execute(
                    "UPDATE door_exercise SET over_us = ?, state = ? WHERE exercise_id = ?",
                    (now_us, ExerciseState.ENDED.value, known.exercise_id),
                )
        if over:
            if may_follow(frozenset(taken), ActorStep.CLEANED):
                self.leave(known.exercise_id, ActorStep.CLEANED, "lane")
        elif self._policy.exercises == "automatic" and may_follow(frozenset(taken), ActorStep.ALLOWED):
            self.leave(known.exercise_id, ActorStep.ALLOWED, BY_POLICY)
        elif lane is not None and ActorStep.ALLOWED in taken and self._is_told(known.exercise_id, ActorStep.ALLOWED):
            self._play(known, taken, lane, now_us)

    def _play(self, known: KeptExercise, taken: set[ActorStep], lane: ExerciseSandbox, now_us: int) -> None:
        turn_us = int(known.said["begins_us"]) + int(known.said["after_minutes"]) * MINUTE_US
        if now_us < turn_us:
            return
        if ActorStep.INJECTED not in taken:
            self.leave(known.exercise_id, ActorStep.INJECTED, "lane")
            taken.add(ActorStep.INJECTED)
        if not taken & {ActorStep.SUSPECTED, ActorStep.MISSED}:
            played = lane.played(known.exercise_id, Campaign(known.said["campaign"]))
            for step in played.steps if played else ():
                self.leave(known.exercise_id, step, "lane", played if step is ActorStep.SUSPECTED else None)
        ended = {ActorStep.BLOCKED, ActorStep.WAITS, ActorStep.REFUSED}
        if known.state == ExerciseState.RELEASED.value and not taken & ended:
            became = lane.blocked(known.exercise_id)
            if became is not None:
                self.leave(known.exercise_id, became, "lane")

    def _is_told(self, exercise_id: str, step: ActorStep) -> bool:
        return any(one.step == step.value and one.told_us is not None for one in self.steps(exercise_id))

    def tell(self) -> int:
        """Lets out what waits, each in the transaction of its line; how many were dealt with."""
        rows = self._book.rows(STEPS_SQL.replace("ORDER", "WHERE told_us IS NULL ORDER") + f" LIMIT {WAITING_MAX}")
        return let_out(
            self._book, self._clock, "door_exercise_step", ((one.number, one) for one in steps_of(rows)), self._gate
        )

    def try_on(self, said: StepStatement) -> Draft | Refused:
        """What ``tell`` would let out of it now: for whoever answers."""
        return self._gate.try_on(said)

    def _wipe(self) -> None:
        """What is over and told leaves nothing but its id and state."""
        over = "SELECT exercise_id FROM door_exercise WHERE over_us IS NOT NULL AND said != '{}'"
        waits = "SELECT exercise_id FROM door_exercise_step WHERE told_us IS NULL"
        for (exercise_id,) in self._book.rows(f"{over} AND exercise_id NOT IN ({waits})"):
            with self._book.transaction() as tx:
                tx.execute("DELETE FROM door_exercise_step WHERE exercise_id = ?", (exercise_id,))
                tx.execute("UPDATE door_exercise SET said = '{}' WHERE exercise_id = ?", (exercise_id,))

    def forget(self) -> None:
        """Drops the last trace of what has long been over."""
        with self._book.transaction() as tx:
            tx.execute(
                "DELETE FROM door_exercise WHERE said = '{}' AND over_us < ?",
                (self._clock.now_us() - KEPT_DAYS * DAY_US,),
            )

    # --- gate 1 ------------------------------------------------------------------------------------------------

    def _may(self, _: StepStatement, draft: Draft) -> Draft | Refused:
        never = self._policy.exercises == "never"
        return Refused("exercises", "the policy takes part in no exercise") if never else draft

    def _known(self, item: StepStatement, draft: Draft) -> Draft | Refused:
        known = self.get(item.exercise_id)
        if known is None or not known.said:
            return Refused("exercise_known", "the centre has told this node of no such exercise, or it is wiped")
        if known.over_us is not None and item.step != ActorStep.CLEANED.value:
            return Refused("exercise_known", "the exercise is over")
        return draft

    def _in_order(self, item: StepStatement, draft: Draft) -> Draft | Refused:
        told = frozenset(ActorStep(one.step) for one in self.steps(item.exercise_id) if one.told_us is not None)
        if item.step not in set(ActorStep) or not may_follow(told, ActorStep(item.step)):
            return Refused("exercise_step", "this step cannot follow, or was told before")
        return draft


def _fields(item: StepStatement, draft: Draft) -> Draft | Refused:
    suspected = item.step == ActorStep.SUSPECTED.value
    return draft.plus(
        exercise_id=item.exercise_id,
        serial=item.number,
        step=item.step,
        second=item.second,
        detector=item.detector if suspected else None,
        p_bucket=item.p_bucket if suspected else None,
    )


def _words(item: StepStatement) -> Mapping[str, Any]:
    return {"number": item.number, "exercise_id": item.exercise_id, "step": item.step, "by": item.by}


def exercises_of(rows: Sequence[tuple[Any, ...]]) -> list[KeptExercise]:
    """Exercises from rows of EXERCISES_SQL, also as read by another process."""
    return [
        KeptExercise(
            exercise_id=exercise_id,
            version=version,
            state=state,
            said=json.loads(said),
            heard_us=heard_us,
            over_us=over_us,
        )
        for exercise_id, version, state, said, heard_us, over_us in rows
    ]


def steps_of(rows: Sequence[tuple[Any, ...]]) -> list[StepStatement]:
    """Steps from rows of STEPS_SQL, also as read by another process."""
    return [
        StepStatement(
            number=number,
            at_us=at_us,
            exercise_id=exercise_id,
            step=step,
            second=second,
            detector=detector,
            p_bucket=p_bucket,
            by=by,
            told_us=told_us,
            rule=rule,
        )
        for number, at_us, exercise_id, step, second, detector, p_bucket, by, told_us, rule in rows
    ]
