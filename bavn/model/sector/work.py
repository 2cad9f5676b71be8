"""What a case asks of an actor, and the part of a case that an actor sees. A task's life-cycle is a table.

Buttons, gates 1 and 2, docs and tests are made from the table. Refuses to know who may do what, and what time it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.refusal import word, words
from bavn.model.text import Text

TEXT_CHARS_MAX: Final = 2000
TASKS_MAX: Final = 50
"""Of one case at one actor."""
WORDS_MAX: Final = 50
OWN_MAX: Final = 200
TECHNIQUES_MAX: Final = 30
EVIDENCE_BYTES_MAX: Final = 4 * 1024 * 1024
HOURS_MAX: Final = 2160

TaskKind = Literal["task", "question"]


class TaskState(StrEnum):
    """Where a task or question to one actor stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    APPLIES = "applies"
    NOT_APPLICABLE = "not-applicable"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskAct(StrEnum):
    """What is done to it: the first four by the actor, the others by the centre."""

    ACKNOWLEDGE = "acknowledge"
    APPLIES = "applies"
    NOT_APPLICABLE = "not-applicable"
    DONE = "done"
    CANCEL = "cancel"
    REOPEN = "reopen"


ACTOR_ACTS: Final = frozenset({TaskAct.ACKNOWLEDGE, TaskAct.APPLIES, TaskAct.NOT_APPLICABLE, TaskAct.DONE})

TASK_CYCLE: Final[dict[tuple[TaskState, TaskAct], TaskState]] = {
    (TaskState.OPEN, TaskAct.ACKNOWLEDGE): TaskState.ACKNOWLEDGED,
    (TaskState.OPEN, TaskAct.APPLIES): TaskState.APPLIES,
    (TaskState.OPEN, TaskAct.NOT_APPLICABLE): TaskState.NOT_APPLICABLE,
    (TaskState.OPEN, TaskAct.DONE): TaskState.DONE,
    (TaskState.OPEN, TaskAct.CANCEL): TaskState.CANCELLED,
    (TaskState.ACKNOWLEDGED, TaskAct.APPLIES): TaskState.APPLIES,
    (TaskState.ACKNOWLEDGED, TaskAct.NOT_APPLICABLE): TaskState.NOT_APPLICABLE,
    (TaskState.ACKNOWLEDGED, TaskAct.DONE): TaskState.DONE,
    (TaskState.ACKNOWLEDGED, TaskAct.CANCEL): TaskState.CANCELLED,
    (TaskState.APPLIES, TaskAct.NOT_APPLICABLE): TaskState.NOT_APPLICABLE,
    (TaskState.APPLIES, TaskAct.DONE): TaskState.DONE,
    (TaskState.APPLIES, TaskAct.CANCEL): TaskState.CANCELLED,
    (TaskState.NOT_APPLICABLE, TaskAct.REOPEN): TaskState.OPEN,
    (TaskState.DONE, TaskAct.REOPEN): TaskState.OPEN,
    (TaskState.CANCELLED, TaskAct.REOPEN): TaskState.OPEN,
}

TASK_WORDS: Final[dict[TaskState, Text]] = {
    TaskState.OPEN: Text("open"),
    TaskState.ACKNOWLEDGED: Text.in_context("work", "acknowledged"),
    TaskState.APPLIES: Text("applies"),
    TaskState.NOT_APPLICABLE: Text("not applicable"),
    TaskState.DONE: Text("done"),
    TaskState.CANCELLED: Text("cancelled"),
}

_REACHED: Final[dict[str, frozenset[TaskState]]] = {
    "acknowledge": frozenset(TaskState) - {TaskState.OPEN},
    "applies": frozenset({TaskState.APPLIES, TaskState.NOT_APPLICABLE, TaskState.DONE, TaskState.CANCELLED}),
    "done": frozenset({TaskState.NOT_APPLICABLE, TaskState.DONE, TaskState.CANCELLED}),
}
"""step -> the states in which it is no longer owed."""
STEPS: Final = tuple(_REACHED)


class NoSuchStep(Exception):
    """The life-cycle of a task has no such step from here. The person who asked must choose another."""


def is_plain(text: str) -> bool:
    """Whether a text may be shown on anybody's screen: no control, direction or invisible characters."""
    return all(one.isprintable() or one in "\n\t" for one in text)


def task_after(state: TaskState, act: TaskAct) -> TaskState:
    """The state after an act; raises NoSuchStep."""
    try:
        return TASK_CYCLE[state, act]
    except KeyError:
        raise NoSuchStep(
            Text(
                "the task is {state}: {act} is not possible now; possible: {possible}",
                state=word(state),
                act=word(act),
                possible=words(sorted(a.value for s, a in TASK_CYCLE if s is state)),
            )
        ) from None


class DueState(StrEnum):
    """Where one deadline of a task stands."""

    MET = "met"
    LATE = "met-late"
    WAITING = "waiting"
    SOON = "due-soon"
    OVERDUE = "overdue"
    VOID = "void"


DUE_WORDS: Final[dict[DueState, Text]] = {
    DueState.MET: Text("in time"),
    DueState.LATE: Text("late"),
    DueState.WAITING: Text("waiting"),
    DueState.SOON: Text("due soon"),
    DueState.OVERDUE: Text.in_context("cli centre nis2", "OVERDUE"),
    DueState.VOID: Text("no longer due"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Hours from when a task was given: to be acknowledged, to be judged applicable or not, to be done. Each 1 to
    HOURS_MAX and none before the one before it; ValueError otherwise."""

    acknowledge: int
    applies: int
    done: int

    def __post_init__(self) -> None:
        if not 1 <= self.acknowledge <= self.applies <= self.done <= HOURS_MAX:
            raise ValueError(
                Text("deadlines are 1 to {hours_max} hours: acknowledge, then applies, then done", hours_max=HOURS_MAX)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task or question to one actor. ``id`` 32 hex digits. ``met_us``: when each of STEPS was reached, None until
    then. ``answer``: what the actor last said in words."""

    id: str
    case_id: str
    actor: str
    kind: TaskKind
    text: str
    by: str
    given_us: int
    hours: Deadlines
    state: TaskState
    met_us: tuple[int | None, int | None, int | None] = (None, None, None)
    answer: str = ""

    @property
    def due_us(self) -> tuple[int, int, int]:
        """The deadline of each of STEPS."""
        hours = (self.hours.acknowledge, self.hours.applies, self.hours.done)
        return (
            self.given_us + hours[0] * HOUR_US,
            self.given_us + hours[1] * HOUR_US,
            self.given_us + hours[2] * HOUR_US,
        )

    def dues(self, now_us: int, soon_us: int) -> tuple[tuple[str, int, DueState], ...]:
        """(step, deadline, where it stands) of each of STEPS; ``soon_us``: so long before it counts as due soon."""
        dues = []
        for step, due_us, met_us in zip(STEPS, self.due_us, self.met_us, strict=True):
            dues.append((step, due_us, step_standing(self.state, step, due_us, met_us, now_us, soon_us)))
        return tuple(dues)

    def reached(self, act: TaskAct, now_us: int) -> "tuple[int | None, int | None, int | None]":
        """``met_us`` after an act that leads to a new state at this moment."""
        state = task_after(self.state, act)
        if act is TaskAct.REOPEN:
            return (None, None, None)
        if act is TaskAct.CANCEL:
            return self.met_us
        first, second, third = (
            met if met is not None else (now_us if state in _REACHED[step] else None)
            for step, met in zip(STEPS, self.met_us, strict=True)
        )
        return first, second, third


def step_standing(state: TaskState, step: str, due_us: int, met_us: int | None, now_us: int, soon_us: int) -> DueState:
    """Where one of STEPS stands for a task in this state; ``met_us`` None: not known, or not met."""
    if met_us is not None:
        return DueState.MET if met_us <= due_us else DueState.LATE
    if state in _REACHED[step]:
        return DueState.VOID
    return due_state(due_us, now_us, soon_us)


def due_state(due_us: int, now_us: int, soon_us: int) -> DueState:
    """Where a deadline stands that is not met."""
    if now_us > due_us:
        return DueState.OVERDUE
    return DueState.SOON if now_us > due_us - soon_us else DueState.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTask:
    """A task as its actor sees it; ``due_us`` of each of STEPS."""

    id: str
    kind: str
    text: str
    state: str
    due_us: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWords:
    """What somebody said in a case for this actor to read: ``by`` centre or actor."""

    at_us: int
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartClock:
    """A deadline of NIS2 at this actor. ``due_us`` None while it has not begun, ``sent_us`` until it was sent."""

    report: str
    due_us: int | None
    sent_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An actor's own part of a case: ``own`` is what it reported itself. Nothing here says who or how many others are
    in the case. ``rsit`` empty until a person chose it; ``merged_into``: the case that goes on instead, or empty.
    ``own_left``: how many more it reported than the message has room for (OWN_MAX)."""

    case_id: str
    state: str
    rsit: str
    techniques: tuple[str, ...]
    tlp: Tlp
    pap: Pap
    own: tuple[Observable, ...]
    tasks: tuple[PartTask, ...]
    words: tuple[PartWords, ...]
    clocks: tuple[PartClock, ...]
    merged_into: str = ""
    own_left: int = 0


Judged = Literal["malicious", "benign", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorVerdict:
    """What a case came to, for all actors: its observables are malicious or benign, or nothing is said any more.
    ``observables`` empty only when withdrawn; ``left``: how many more there are than the message has room for."""

    case_id: str
    judged: Judged
    observables: tuple[Observable, ...]
    until_us: int
    left: int = 0
