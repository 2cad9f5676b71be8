"""An exercise: a planned, harmless campaign that the sector plays, apart from all that is real.

Its only observable is ``bavn-exercise-ID.example``, which nobody can register (RFC 2606): nothing real can be meant by
it, whoever sends it. What an actor says of an exercise follows from its plan, the actor's policy and people here; the
actor's own data has no part in it. Refuses to know how a campaign is played.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.refusal import word, words
from bavn.model.sector.work import is_plain
from bavn.model.text import Text

EXERCISE_ID: Final = re.compile(r"exercise-[0-9a-f]{16}")
MARK: Final = Text("EXERCISE")
"""Stands before everything that people see of an exercise."""
HOURS_MAX: Final = 14 * 24
TITLE_CHARS_MAX: Final = 120
OBJECTIVE_CHARS_MAX: Final = 300
OBJECTIVES_MAX: Final = 12
ACTORS_MAX: Final = 200
MINUTES_MAX: Final = HOURS_MAX * 60
AHEAD_DAYS_MAX: Final = 60
"""A node hears of none that begins later than that."""


class BadExercise(ValueError):
    """A plan that cannot be. Whoever wrote it must act."""


class NoSuchStep(ValueError):
    """An exercise in this state, or an actor that has come so far, cannot do that."""


class Campaign(StrEnum):
    """What is played at an actor: calls home at intervals, or a tunnel in DNS questions."""

    BEACON = "beacon"
    TUNNEL = "dns-tunnel"


CAMPAIGNS: Final = {
    Campaign.BEACON: Text("calls home at intervals"),
    Campaign.TUNNEL: Text("a tunnel in DNS questions"),
}


class ExerciseState(StrEnum):
    """How far an exercise is."""

    PLANNED = "planned"
    RUNNING = "running"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    ENDED = "ended"
    STOPPED = "stopped"


STATES: Final = {
    ExerciseState.PLANNED: Text("planned"),
    ExerciseState.RUNNING: Text.in_context("exercise", "running"),
    ExerciseState.CONFIRMED: Text("case confirmed"),
    ExerciseState.RELEASED: Text("indicator released"),
    ExerciseState.ENDED: Text.in_context("exercise", "over"),
    ExerciseState.STOPPED: Text("stopped"),
}
OVER: Final = frozenset({ExerciseState.ENDED, ExerciseState.STOPPED})


class ExerciseAct(StrEnum):
    """What people at the centre do with one."""

    START = "start"
    CONFIRM = "confirm"
    RELEASE = "release"
    END = "end"
    STOP = "stop"


_S, _A = ExerciseState, ExerciseAct
CYCLE: Final[dict[tuple[ExerciseState, ExerciseAct], ExerciseState]] = {
    (_S.PLANNED, _A.START): _S.RUNNING,
    (_S.RUNNING, _A.CONFIRM): _S.CONFIRMED,
    (_S.CONFIRMED, _A.RELEASE): _S.RELEASED,
    **{(state, _A.END): _S.ENDED for state in (_S.RUNNING, _S.CONFIRMED, _S.RELEASED)},
    **{(state, _A.STOP): _S.STOPPED for state in _S if state not in OVER},
}


class ActorStep(StrEnum):
    """What an actor says of itself in an exercise, each at most once."""

    ALLOWED = "allowed"
    DECLINED = "declined"
    INJECTED = "injected"
    SUSPECTED = "suspected"
    MISSED = "missed"
    LET_OUT = "let-out"
    KEPT = "kept"
    SEEN = "seen"
    BLOCKED = "blocked"
    WAITS = "waits"
    REFUSED = "refused"
    CLEANED = "cleaned"


_T = ActorStep
STEPS: Final = {
    _T.ALLOWED: Text("takes part"),
    _T.DECLINED: Text("takes no part"),
    _T.INJECTED: Text("rows injected"),
    _T.SUSPECTED: Text("suspected by a detector"),
    _T.MISSED: Text("missed by the detectors"),
    _T.LET_OUT: Text("let out by the door"),
    _T.KEPT: Text("kept at home by the policy"),
    _T.SEEN: Text("seen by a person"),
    _T.BLOCKED: Text("blocked, in the exercise"),
    _T.WAITS: Text("block waits for a person"),
    _T.REFUSED: Text("block refused"),
    _T.CLEANED: Text("cleaned up"),
}
AFTER: Final[dict[ActorStep, frozenset[ActorStep]]] = {
    _T.ALLOWED: frozenset(),
    _T.DECLINED: frozenset(),
    _T.INJECTED: frozenset({_T.ALLOWED}),
    _T.SUSPECTED: frozenset({_T.INJECTED}),
    _T.MISSED: frozenset({_T.INJECTED}),
    _T.LET_OUT: frozenset({_T.SUSPECTED}),
    _T.KEPT: frozenset({_T.SUSPECTED}),
    _T.SEEN: frozenset({_T.SUSPECTED}),
    _T.BLOCKED: frozenset({_T.ALLOWED}),
    _T.WAITS: frozenset({_T.ALLOWED}),
    _T.REFUSED: frozenset({_T.ALLOWED}),
    _T.CLEANED: frozenset({_T.ALLOWED}),
}
"""Step -> what must have been before it."""
INSTEAD: Final = (
    frozenset({_T.ALLOWED, _T.DECLINED}),
    frozenset({_T.SUSPECTED, _T.MISSED}),
    frozenset({_T.LET_OUT, _T.KEPT}),
    frozenset({_T.BLOCKED, _T.WAITS, _T.REFUSED}),
)
"""Of each of these at most one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who is played what, and how many minutes after the start."""

    actor: str
    campaign: Campaign
    after_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be played. ``begins_us`` to ``ends_us``; ``t``: so many actors must let it out before it is a lead.
    BadExercise for what cannot be."""

    title: Text
    objectives: tuple[Text, ...]
    roles: tuple[Role, ...]
    begins_us: int
    ends_us: int
    t: int = 2

    def __post_init__(self) -> None:
        for title in (self.title.en, self.title.da):
            if not title.strip() or len(title) > TITLE_CHARS_MAX or not is_plain(title) or "\n" in title:
                raise BadExercise(
                    Text("a title is one line of at most {title_chars_max} characters", title_chars_max=TITLE_CHARS_MAX)
                )
        for text in self.objectives:
            if any(
                not title.strip() or len(title) > OBJECTIVE_CHARS_MAX or not is_plain(title)
                for title in (text.en, text.da)
            ):
                raise BadExercise(
                    Text(
                        "an objective has 1 to {objective_chars_max} characters in each language",
                        objective_chars_max=OBJECTIVE_CHARS_MAX,
                    )
                )
        if not 1 <= len(self.objectives) <= OBJECTIVES_MAX:
            raise BadExercise(Text("an exercise has 1 to {objectives_max} objectives", objectives_max=OBJECTIVES_MAX))
        names = [role.actor for role in self.roles]
        if not 1 <= len(names) <= ACTORS_MAX or len(set(names)) != len(names):
            raise BadExercise(Text("name 1 to {actors_max} actors, each once", actors_max=ACTORS_MAX))
        if not 0 < self.ends_us - self.begins_us <= HOURS_MAX * HOUR_US:
            raise BadExercise(Text("an exercise ends after it begins, within {hours_max} hours", hours_max=HOURS_MAX))
        longest = (self.ends_us - self.begins_us) // 60_000_000
        if any(not 0 <= role.after_minutes < max(1, longest) for role in self.roles):
            raise BadExercise(Text("an actor's turn lies within the exercise"))
        if not 2 <= self.t <= 8:
            raise BadExercise(Text("a lead takes 2 to 8 actors"))


@dataclass(frozen=True, slots=True)
class Played:
    """How far a campaign came at an actor. ``steps``: in order; ``detector`` and ``p_bucket`` of its suspicion, None
    where there is none."""

    steps: tuple[ActorStep, ...]
    detector: str | None = None
    p_bucket: int | None = None


def element_of(exercise_id: str) -> Observable:
    """The exercise's only observable. BadExercise for what is no id."""
    if not EXERCISE_ID.fullmatch(exercise_id):
        raise BadExercise(Text("{exercise_id} is no id of an exercise", exercise_id=repr(exercise_id[:40])))
    return Observable(ObservableType.DOMAIN, f"bavn-{exercise_id}.example")


def is_reserved(exercise_id: str, element: str) -> bool:
    """Whether a name is the very one that this exercise may use."""
    return bool(EXERCISE_ID.fullmatch(exercise_id)) and element == element_of(exercise_id).value


def after(state: ExerciseState, act: ExerciseAct) -> ExerciseState:
    """The state after an act. NoSuchStep."""
    try:
        return CYCLE[state, act]
    except KeyError:
        raise NoSuchStep(
            Text(
                "an exercise that is {state} cannot be told to {act}; possible: {may}",
                state=word(state),
                act=word(act),
                may=words(sorted(one.value for at, one in CYCLE if at is state)),
            )
        ) from None


def may_follow(said: frozenset[ActorStep], step: ActorStep) -> bool:
    """Whether an actor that has said these may say this."""
    return AFTER[step] <= said and not ruled_out(said, step)


def ruled_out(said: frozenset[ActorStep], step: ActorStep) -> bool:
    """Whether what an actor has said leaves no room for this, whatever comes between."""
    return step in said or _T.CLEANED in said or any(step in group and said & group for group in INSTEAD)
