"""Exercises at an actor: heard through the gate "asked", taken part in only as the policy or a person here allows,
played in a sandbox apart, and told step by step through gate 1 (S5).

What is told follows from the exercise, the policy and people; of the actor's data there is nothing in reach here. When
an exercise is over, by the centre's word or by its own end, what was kept of it is wiped. Refuses any name but the
exercise's own, and to know how a campaign is played: the sandbox does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bavn.actor.door.conversation import Conversation, DoorContext, Nothing, Received, naming
from bavn.actor.door.draft import Draft
from bavn.actor.door.switches import turned_off
from bavn.actor.door.table import Table
from bavn.actor.door.versions import is_old, leap
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.outcome import Refused
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
from bavn.wire.gate import Rule
from bavn.wire.messages.exercise import ExerciseStep, ExerciseTold

OPEN_MAX: Final = 3
"""More exercises at once than this are refused."""
PER_30_DAYS_MAX: Final = 20
KEPT_DAYS: Final = 30
BY_POLICY: Final = "policy"
_OPEN: Final = "over_us IS NULL"
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
    """A step that was taken here, by a person, the policy or the sandbox."""

    number: int
    at_us: int
    exercise_id: str
    step: str
    second: int = 0
    detector: str | None = None
    p_bucket: int | None = None
    by: str
    told_us: int | None = None
    rule: str = ""


KEPT: Final = Table(KeptExercise, "door_exercise", order="heard_us DESC, exercise_id")
SAID: Final = Table(StepStatement, "door_exercise_step", order="number")
EXERCISES_SQL, STEPS_SQL = KEPT.sql, SAID.sql
exercises_of, steps_of = KEPT.of, SAID.of
"""Values of rows, also as read by another process."""


def invitations(exercises: Iterable[KeptExercise], steps: Sequence[StepStatement]) -> list[KeptExercise]:
    """Exercises that nobody here has said yes or no to."""
    answers = (ActorStep.ALLOWED, ActorStep.DECLINED)
    answered = {step.exercise_id for step in steps if not step.rule and step.step in answers}
    return [
        exercise
        for exercise in exercises
        if exercise.over_us is None and exercise.said and exercise.exercise_id not in answered
    ]


class Exercises(Conversation[ExerciseTold, KeptExercise, StepStatement]):
    """``step`` in the running node only."""

    told = KEPT
    stays = ("heard_us",)

    def __init__(self, at: DoorContext) -> None:
        at.ledger.book.part("door_exercise", 1, _SCHEMA)
        rules: tuple[Rule[StepStatement, Draft], ...] = (
            Rule("exercises", self._may),
            Rule("exercise_known", self._known),
            Rule("exercise_step", self._in_order),
            Rule("exercise_fields", _fields),
        )
        super().__init__(at, SAID, ExerciseStep, rules, naming("number", "exercise_id", "step", "by"))
        self.hears(
            Rule("exercises", self._may),
            Rule("exercise_new", self._new),
            Rule("exercise_reserved", self._reserved),
            Rule("exercise_same", self._same),
            Rule("exercise_form", self._form),
            Rule("exercise_room", self._room),
        )

    # --- what the centre says ---------------------------------------------------------------------------------

    def kept(self, message: ExerciseTold, now_us: int) -> KeptExercise:
        return KeptExercise(
            exercise_id=message.exercise_id,
            version=message.version,
            state=message.state,
            said=message.model_dump(mode="json"),
            heard_us=now_us,
            over_us=now_us if message.state in _OVER else None,
        )

    def _may[Item, Made](self, _: Item, draft: Made) -> Made | Refused:
        return turned_off(self.at.policy, "ExerciseStep") or draft

    def _new(self, item: Received[ExerciseTold], draft: Nothing) -> Nothing | Refused:
        known, version, now_us = self.get(item.message.exercise_id), item.message.version, self.at.clock.now_us()
        if known is not None and (known.over_us is not None or is_old(known.version, known.heard_us, version, now_us)):
            return Refused("exercise_new", "this actor has heard as much of the exercise, or it is over here")
        return leap("exercise_new", known.version if known else 0, version) or draft

    def _reserved(self, item: Received[ExerciseTold], draft: Nothing) -> Nothing | Refused:
        said = item.message
        if is_reserved(said.exercise_id, said.element):
            return draft
        return Refused("exercise_reserved", "it names something else than the reserved name of the exercise")

    def _same(self, item: Received[ExerciseTold], draft: Nothing) -> Nothing | Refused:
        message, known = item.message, self.get(item.message.exercise_id)
        if known is None:
            return draft
        now, before = message.model_dump(mode="json"), dict(known.said)
        for changes in ("version", "state"):
            now.pop(changes), before.pop(changes, None)
        if now != before:
            return Refused("exercise_same", "its plan is another one than before")
        back = _ORDER.index(message.state) < _ORDER.index(known.state)
        return Refused("exercise_same", "it cannot go back") if back else draft

    def _form(self, item: Received[ExerciseTold], draft: Nothing) -> Nothing | Refused:
        message, now_us = item.message, self.at.clock.now_us()
        texts = [message.title_en, message.title_da, *(text for one in message.objectives for text in (one.en, one.da))]
        if not all(map(is_plain, texts)):
            return Refused("exercise_form", "a text holds what no screen should be given")
        if not 0 < message.ends_us - message.begins_us <= HOURS_MAX * HOUR_US:
            return Refused("exercise_form", "it lasts no time, or more than {hours} hours", hours=HOURS_MAX)
        if message.state in _OVER:
            return draft
        if message.ends_us <= now_us or message.begins_us > now_us + AHEAD_DAYS_MAX * DAY_US:
            return Refused("exercise_form", "it is over, or too far ahead")
        return draft

    def _room(self, item: Received[ExerciseTold], draft: Nothing) -> Nothing | Refused:
        if self.get(item.message.exercise_id) is not None:
            return draft
        since_us = self.at.clock.now_us() - 30 * DAY_US
        at_once, lately = (
            self.told.count(self.own_book, _OPEN),
            self.told.count(self.own_book, "heard_us > ?", (since_us,)),
        )
        if at_once >= OPEN_MAX or lately >= PER_30_DAYS_MAX:
            return Refused(
                "exercise_room",
                "{most} exercises at once, {most_in_30_days} in 30 days: no more",
                most=OPEN_MAX,
                most_in_30_days=PER_30_DAYS_MAX,
            )
        return draft

    def steps(self, exercise_id: str) -> list[StepStatement]:
        """What was taken here, told or waiting; without what the gate refused."""
        return self.said.find(self.own_book, "exercise_id = ? AND rule = ''", (exercise_id,))

    # --- taking part -------------------------------------------------------------------------------------------

    def leave(self, exercise_id: str, step: ActorStep, by: str, played: Played | None = None) -> None:
        """Leaves a step for the running node: by a person, the policy or the sandbox. KeyError for an unknown
        exercise."""
        known, now_us = self.get(exercise_id), self.at.clock.now_us()
        if known is None:
            raise KeyError(exercise_id)
        left = StepStatement(
            number=0,
            at_us=now_us,
            exercise_id=exercise_id,
            step=step.value,
            second=min(max(0, (now_us - int(known.said.get("begins_us", now_us))) // SECOND_US), 60 * MINUTES_MAX),
            detector=played.detector if played else None,
            p_bucket=played.p_bucket if played else None,
            by=by,
        )
        self.said.add(self.own_book, left)

    def answer(self, exercise_id: str, step: ActorStep, by: str) -> Refused | None:
        """Leaves a person's step, unless gate 1 would refuse it now: then that. KeyError as ``leave``."""
        outcome = self.try_on(StepStatement(number=1 << 50, at_us=0, exercise_id=exercise_id, step=step.value, by=by))
        if isinstance(outcome, Refused):
            return outcome
        self.leave(exercise_id, step, by)
        return None

    def quit(self, exercise_id: str) -> bool:
        """Ends it here at once, whatever the centre says from then on; False where it was over already."""
        with self.own_book.transaction() as tx:
            done = tx.execute(
                "UPDATE door_exercise SET over_us = ?, state = ? WHERE exercise_id = ? AND over_us IS NULL",
                (self.at.clock.now_us(), ExerciseState.STOPPED.value, exercise_id),
            )
        return done.rowcount > 0

    def step(self, sandbox: ExerciseSandbox | None) -> None:
        """What is due: takes part where the policy says so, plays, blocks, ends, tells and wipes. Repeatable.
        Raises, at the end, what the sandbox or the machine did in between."""
        if not self.told.count(self.own_book, _OPEN + " OR said != '{}'"):
            return
        failed: Exception | None = None
        for known in self.told.find(self.own_book, "TRUE", limit=OPEN_MAX + PER_30_DAYS_MAX):
            try:
                if known.said:
                    self._one(known, sandbox)
            except Exception as error:  # noqa: BLE001  one that cannot be played holds up no other
                failed = failed or error
        self.tell()
        self._wipe()
        if failed is not None:
            raise failed

    def _one(self, known: KeptExercise, sandbox: ExerciseSandbox | None) -> None:
        now_us = self.at.clock.now_us()
        taken = {ActorStep(one.step) for one in self.steps(known.exercise_id)}
        over = known.over_us is not None
        if not over and now_us >= int(known.said["ends_us"]):
            over = True
            with self.own_book.transaction() as tx:
                tx.execute(
                    "UPDATE door_exercise SET over_us = ?, state = ? WHERE exercise_id = ?",
                    (now_us, ExerciseState.ENDED.value, known.exercise_id),
                )
        if over:
            if may_follow(frozenset(taken), ActorStep.CLEANED):
                self.leave(known.exercise_id, ActorStep.CLEANED, "lane")
        elif self.at.policy.exercises == "automatic" and may_follow(frozenset(taken), ActorStep.ALLOWED):
            self.leave(known.exercise_id, ActorStep.ALLOWED, BY_POLICY)
        elif sandbox is not None and ActorStep.ALLOWED in taken and self._is_told(known.exercise_id, ActorStep.ALLOWED):
            self._play(known, taken, sandbox, now_us)

    def _play(self, known: KeptExercise, taken: set[ActorStep], sandbox: ExerciseSandbox, now_us: int) -> None:
        turn_us = int(known.said["begins_us"]) + int(known.said["after_minutes"]) * MINUTE_US
        if now_us < turn_us:
            return
        if ActorStep.INJECTED not in taken:
            self.leave(known.exercise_id, ActorStep.INJECTED, "lane")
            taken.add(ActorStep.INJECTED)
        if not taken & {ActorStep.SUSPECTED, ActorStep.MISSED}:
            played = sandbox.played(known.exercise_id, Campaign(known.said["campaign"]))
            for step in played.steps if played else ():
                self.leave(known.exercise_id, step, "lane", played if step is ActorStep.SUSPECTED else None)
        ended = {ActorStep.BLOCKED, ActorStep.WAITS, ActorStep.REFUSED}
        if known.state == ExerciseState.RELEASED.value and not taken & ended:
            became = sandbox.blocked(known.exercise_id)
            if became is not None:
                self.leave(known.exercise_id, became, "lane")

    def _is_told(self, exercise_id: str, step: ActorStep) -> bool:
        return any(one.step == step.value and one.told_us is not None for one in self.steps(exercise_id))

    def _wipe(self) -> None:
        """What is over and told leaves nothing but its id and state."""
        over = "SELECT exercise_id FROM door_exercise WHERE over_us IS NOT NULL AND said != '{}'"
        waits = "SELECT exercise_id FROM door_exercise_step WHERE told_us IS NULL"
        for (exercise_id,) in self.own_book.rows(f"{over} AND exercise_id NOT IN ({waits})"):
            with self.own_book.transaction() as tx:
                tx.execute("DELETE FROM door_exercise_step WHERE exercise_id = ?", (exercise_id,))
                tx.execute("UPDATE door_exercise SET said = '{}' WHERE exercise_id = ?", (exercise_id,))

    def forget(self) -> None:
        """Drops the last trace of what has long been over."""
        with self.own_book.transaction() as tx:
            tx.execute(
                "DELETE FROM door_exercise WHERE said = '{}' AND over_us < ?",
                (self.at.clock.now_us() - KEPT_DAYS * DAY_US,),
            )

    # --- gate 1 ------------------------------------------------------------------------------------------------

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
