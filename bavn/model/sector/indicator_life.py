"""An indicator's life at the centre: a table, and the rule that two people stand behind what blocks by itself. Pure.

Draft, review, release, refreshed by true sightings until it expires or is withdrawn. Buttons, the docs' picture and the
tests are made of the table. Refuses to know who people are: model/principal.py says which names of a record are two
people.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from bavn.model.intel.indicator import Pap
from bavn.model.principal import two_people
from bavn.model.sector.case import NotNow
from bavn.model.sector.refusal import word, words
from bavn.model.text import Text

BLOCK_PAP_MIN: Final = Pap.GREEN


class LifeState(StrEnum):
    """Where an indicator stands."""

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    RELEASED = "released"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


LIFE_WORDS: Final[dict[LifeState, Text]] = {
    LifeState.DRAFT: Text("draft"),
    LifeState.REVIEW: Text("in review"),
    LifeState.APPROVED: Text("approved"),
    LifeState.RELEASED: Text("released"),
    LifeState.EXPIRED: Text("expired"),
    LifeState.WITHDRAWN: Text("withdrawn"),
}


class LifeAct(StrEnum):
    """What is done to it. ``refuse`` (gate 3), ``stop`` (the canary ring), ``retire`` (noise) and ``expire`` are the
    centre's own acts; the others are people's, or those of an approved standing policy."""

    REVIEW = "review"
    APPROVE = "approve"
    RELEASE = "release"
    REFRESH = "refresh"
    WITHDRAW = "withdraw"
    REFUSE = "refuse"
    STOP = "stop"
    RETIRE = "retire"
    EXPIRE = "expire"


LIFE: Final[dict[tuple[LifeState, LifeAct], LifeState]] = {
    (LifeState.DRAFT, LifeAct.REVIEW): LifeState.REVIEW,
    (LifeState.DRAFT, LifeAct.WITHDRAW): LifeState.WITHDRAWN,
    (LifeState.REVIEW, LifeAct.APPROVE): LifeState.APPROVED,
    (LifeState.REVIEW, LifeAct.RELEASE): LifeState.RELEASED,
    (LifeState.REVIEW, LifeAct.WITHDRAW): LifeState.WITHDRAWN,
    (LifeState.APPROVED, LifeAct.RELEASE): LifeState.RELEASED,
    (LifeState.APPROVED, LifeAct.WITHDRAW): LifeState.WITHDRAWN,
    (LifeState.RELEASED, LifeAct.REFRESH): LifeState.RELEASED,
    (LifeState.RELEASED, LifeAct.REFUSE): LifeState.REVIEW,
    (LifeState.RELEASED, LifeAct.STOP): LifeState.WITHDRAWN,
    (LifeState.RELEASED, LifeAct.RETIRE): LifeState.WITHDRAWN,
    (LifeState.RELEASED, LifeAct.EXPIRE): LifeState.EXPIRED,
    (LifeState.RELEASED, LifeAct.WITHDRAW): LifeState.WITHDRAWN,
    (LifeState.EXPIRED, LifeAct.REVIEW): LifeState.REVIEW,
    (LifeState.WITHDRAWN, LifeAct.REVIEW): LifeState.REVIEW,
}


def next_state(state: LifeState, act: LifeAct) -> LifeState:
    """The state after an act; raises case.NotNow."""
    try:
        return LIFE[state, act]
    except KeyError:
        raise NotNow(
            Text(
                "the indicator's state is {state}: you cannot {act} it now; possible: {possible}",
                state=word(state),
                act=word(act),
                possible=words(sorted(a.value for s, a in LIFE if s is state)),
            )
        ) from None


def distinct(people: Iterable[str]) -> tuple[str, ...]:
    """Each person once, in order; no name is nobody."""
    spellings: dict[str, str] = {}
    for name in people:
        if name:
            spellings.setdefault(name.casefold(), name)
    return tuple(spellings.values())


def may_go(pap: Pap, people: Iterable[str]) -> bool:
    """Whether so many people may release it: an actor's node may block by itself what comes with PAP GREEN or CLEAR,
    so two different accounts stand behind that (model/principal.py); one is enough for what is only watched."""
    behind = distinct(people)
    return two_people(behind) if pap >= BLOCK_PAP_MIN else bool(behind)
