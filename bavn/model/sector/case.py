"""A case: a lead somebody triages. Its life-cycle is a table; buttons, the docs' picture and the tests are made of it.

Refuses to know who may do what: roles are the caller's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bavn.model.sector.refusal import word, words
from bavn.model.text import Text


class CaseState(StrEnum):
    """Where a case stands."""

    NEW = "new"
    TRIAGE = "triage"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    CLOSED = "closed"
    DISMISSED = "dismissed"
    MERGED = "merged"


class CaseAct(StrEnum):
    """What a person (or an approved standing policy) does to a case."""

    TAKE = "take"
    CONFIRM = "confirm"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    CLOSE = "close"
    DISMISS = "dismiss"
    REOPEN = "reopen"
    MERGE = "merge"


LIFE_CYCLE: dict[tuple[CaseState, CaseAct], CaseState] = {
    (CaseState.NEW, CaseAct.TAKE): CaseState.TRIAGE,
    (CaseState.NEW, CaseAct.CONFIRM): CaseState.CONFIRMED,
    (CaseState.NEW, CaseAct.DISMISS): CaseState.DISMISSED,
    (CaseState.TRIAGE, CaseAct.CONFIRM): CaseState.CONFIRMED,
    (CaseState.TRIAGE, CaseAct.DISMISS): CaseState.DISMISSED,
    (CaseState.CONFIRMED, CaseAct.RELEASE): CaseState.RELEASED,
    (CaseState.CONFIRMED, CaseAct.DISMISS): CaseState.DISMISSED,
    (CaseState.RELEASED, CaseAct.WITHDRAW): CaseState.CONFIRMED,
    (CaseState.RELEASED, CaseAct.CLOSE): CaseState.CLOSED,
    (CaseState.CLOSED, CaseAct.REOPEN): CaseState.TRIAGE,
    (CaseState.DISMISSED, CaseAct.REOPEN): CaseState.TRIAGE,
    (CaseState.NEW, CaseAct.MERGE): CaseState.MERGED,
    (CaseState.TRIAGE, CaseAct.MERGE): CaseState.MERGED,
    (CaseState.CONFIRMED, CaseAct.MERGE): CaseState.MERGED,
}


OVER: Final = (CaseState.CLOSED, CaseState.DISMISSED, CaseState.MERGED)
"""Nobody works on it: nothing is owed in it any more."""

CASE_WORDS: Final[dict[CaseState, Text]] = {
    CaseState.NEW: Text("new"),
    CaseState.TRIAGE: Text("in triage"),
    CaseState.CONFIRMED: Text("confirmed"),
    CaseState.RELEASED: Text("released"),
    CaseState.CLOSED: Text("closed"),
    CaseState.DISMISSED: Text("dismissed"),
    CaseState.MERGED: Text("merged"),
}


class NotNow(Exception):
    """The life-cycle has no such step from here. The person who asked must choose another."""


def after(state: CaseState, act: CaseAct) -> CaseState:
    """The state after an act; raises NotNow."""
    try:
        return LIFE_CYCLE[state, act]
    except KeyError:
        raise NotNow(
            Text(
                "the case is {case_words}: you cannot {act} it now; possible: {possible}",
                case_words=CASE_WORDS[state],
                act=word(act),
                possible=words(sorted(a.value for s, a in LIFE_CYCLE if s is state)),
            )
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The moments of a case in us; None until it happened (SCORING.md, DESIGN.md: the clock)."""

    first_sighting_us: int | None = None
    first_report_us: int | None = None
    lead_us: int | None = None
    confirmed_us: int | None = None
    released_us: int | None = None
    last_block_us: int | None = None
