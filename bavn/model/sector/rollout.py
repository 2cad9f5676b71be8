"""An actor's whole way into the sector and out of it, as a table: commands, docs, charts and tests are made of it.

A step leads from one state to the next, may need something first (an agreement, a certificate, a test's protocol,
another actor), and may change what the registry lets in. Refuses to know who may do what, and what day it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bavn.model.sector.refusal import word, words
from bavn.model.text import Text


class Stage(StrEnum):
    """Where an actor stands."""

    CANDIDATE = "candidate"
    PLANNED = "planned"
    AGREEMENT = "agreement"
    ENROLLED = "enrolled"
    ACCEPTED = "accepted"
    TRIAL = "trial"
    PROVED = "proved"
    OPERATING = "operating"
    SUSPENDED = "suspended"
    LEAVING = "leaving"
    LEFT = "left"


class RolloutAct(StrEnum):
    """What leads from one state to another."""

    PLAN = "plan"
    AGREE = "agree"
    ENROL = "enrol"
    ACCEPT = "accept"
    TRY = "try"
    PROVE = "prove"
    OPERATE = "operate"
    SHELVE = "shelve"
    SET_BACK = "set-back"
    SUSPEND = "suspend"
    RESUME = "resume"
    LEAVE = "leave"
    DELETE = "delete"
    RETURN = "return"


class Need(StrEnum):
    """What must be there before a step."""

    AGREEMENT = "agreement"
    CERTIFICATE = "certificate"
    PROTOCOL = "protocol"
    DELETION = "deletion"


class Does(StrEnum):
    """What a step changes in the registry of members."""

    NOTHING = "nothing"
    SUSPENDS = "suspends"
    RESUMES = "resumes"
    REVOKES = "revokes"


@dataclass(frozen=True, slots=True)
class Step:
    """``to`` None: back to where it stood when it was suspended."""

    come_from: Stage
    act: RolloutAct
    to: Stage | None
    needs: tuple[Need, ...] = ()
    does: Does = Does.NOTHING


_S, _A, _N = Stage, RolloutAct, Need
PATH: Final = (_S.CANDIDATE, _S.PLANNED, _S.AGREEMENT, _S.ENROLLED, _S.ACCEPTED, _S.TRIAL, _S.PROVED, _S.OPERATING)
"""The way in, in its order: what is planned with dates, and what others may wait for."""
INSIDE: Final = PATH[3:]
"""Where an actor's node is let in."""

STEPS: Final = (
    Step(_S.CANDIDATE, _A.PLAN, _S.PLANNED),
    Step(_S.PLANNED, _A.AGREE, _S.AGREEMENT, (_N.AGREEMENT,)),
    Step(_S.AGREEMENT, _A.ENROL, _S.ENROLLED, (_N.AGREEMENT, _N.CERTIFICATE)),
    Step(_S.ENROLLED, _A.ACCEPT, _S.ACCEPTED, (_N.CERTIFICATE, _N.PROTOCOL)),
    Step(_S.ACCEPTED, _A.TRY, _S.TRIAL, (_N.AGREEMENT, _N.CERTIFICATE)),
    Step(_S.TRIAL, _A.PROVE, _S.PROVED, (_N.CERTIFICATE, _N.PROTOCOL)),
    Step(_S.PROVED, _A.OPERATE, _S.OPERATING, (_N.AGREEMENT, _N.CERTIFICATE)),
    Step(_S.PLANNED, _A.SHELVE, _S.CANDIDATE),
    *(Step(one, _A.SET_BACK, _S.ENROLLED) for one in INSIDE[1:]),
    *(Step(one, _A.SUSPEND, _S.SUSPENDED, does=Does.SUSPENDS) for one in INSIDE),
    Step(_S.SUSPENDED, _A.RESUME, None, does=Does.RESUMES),
    *(Step(one, _A.LEAVE, _S.LEAVING, does=Does.REVOKES) for one in (_S.AGREEMENT, *INSIDE, _S.SUSPENDED)),
    Step(_S.LEAVING, _A.DELETE, _S.LEFT, (_N.DELETION,)),
    Step(_S.LEFT, _A.RETURN, _S.CANDIDATE),
)
LIFE: Final[Mapping[tuple[Stage, RolloutAct], Step]] = {(one.come_from, one.act): one for one in STEPS}
FOLLOWED: Final = frozenset({_A.ENROL, _A.DELETE})
"""Acts that follow from something else: a node that enrols, and the deletion that was proved."""

STAGES: Final[dict[Stage, Text]] = {
    _S.CANDIDATE: Text("candidate"),
    _S.PLANNED: Text("planned"),
    _S.AGREEMENT: Text("agreement signed"),
    _S.ENROLLED: Text("enrolled"),
    _S.ACCEPTED: Text("acceptance test passed"),
    _S.TRIAL: Text("in trial operation"),
    _S.PROVED: Text("final operations test passed"),
    _S.OPERATING: Text("operating"),
    _S.SUSPENDED: Text.in_context("rollout", "suspended"),
    _S.LEAVING: Text("leaving, not deleted yet"),
    _S.LEFT: Text("left, deletion proved"),
}
NEEDS: Final[dict[Need, Text]] = {
    _N.AGREEMENT: Text("an agreement in force on the terms"),
    _N.CERTIFICATE: Text("a node that is enrolled and let in"),
    _N.PROTOCOL: Text("the protocol of the test that passed"),
    _N.DELETION: Text("the record of what was deleted"),
}


class NoSuchStep(Exception):
    """The way has no such step from here. The person who asked must choose another."""


def step_from(stage: Stage, act: RolloutAct) -> Step:
    """The step of an act; raises NoSuchStep."""
    try:
        return LIFE[stage, act]
    except KeyError:
        raise NoSuchStep(
            Text(
                "the actor's state is {stage}: {act} is not possible now; possible: {possible}",
                stage=word(stage),
                act=word(act),
                possible=words(one.act.value for one in STEPS if one.come_from is stage),
            )
        ) from None


def next_of(stage: Stage) -> Stage | None:
    """The next state on the way in; None at its end and beside it."""
    if stage not in PATH or stage is PATH[-1]:
        return None
    return PATH[PATH.index(stage) + 1]


def has_come(stage: Stage, wanted: Stage) -> bool:
    """Whether an actor in this state has come as far as a state of PATH; who is suspended or gone has not."""
    return stage in PATH and PATH.index(stage) >= PATH.index(wanted)


@dataclass(frozen=True, slots=True, order=True)
class Wait:
    """``actor`` does not come to ``stage`` before ``other`` has come to ``until``."""

    actor: str
    stage: Stage
    other: str
    until: Stage


def circle(waits: Iterable[Wait]) -> tuple[str, ...]:
    """The actors of one circle in which each waits for the next; empty where there is none. That an actor comes to a
    state only after the one before it counts too."""
    edges: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for wait in waits:
        edges.setdefault((wait.actor, PATH.index(wait.stage)), set()).add((wait.other, PATH.index(wait.until)))
    ended: set[tuple[str, int]] = set()
    for start in sorted(edges):
        trail: list[tuple[str, int]] = []
        stack = [(start, False)]
        while stack:
            here, leaving = stack.pop()
            if leaving:
                ended.add(trail.pop())
            elif here in trail:
                return tuple(dict.fromkeys(name for name, _ in trail[trail.index(here) :]))
            elif here not in ended:
                trail.append(here)
                stack.append((here, True))
                after = edges.get(here, set()) | ({(here[0], here[1] - 1)} if here[1] else set())
                stack.extend((other, False) for other in sorted(after, reverse=True))
    return ()
