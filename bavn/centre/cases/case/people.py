"""Who at the centre is on a case, and what they write for whoever comes after them.

Kept as lines of the audit log, and nowhere else: they cannot be changed, and who is on the case is what they come to.
Refuses to say any of it outside the centre.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, select

from bavn.centre.cases import audit
from bavn.centre.cases.case.involved import still_open
from bavn.centre.cases.case.rows import locked
from bavn.centre.cases.tables import CASE, reading, writing
from bavn.centre.cases.two_people import person
from bavn.model.ports import Clock
from bavn.model.sector.case import CASE_WORDS, OVER, CaseAct, CaseState, NotNow
from bavn.model.sector.work import TEXT_CHARS_MAX, is_plain
from bavn.model.text import Text

JOIN: Final = "join"
LEAVE: Final = "leave"
NOTE: Final = "note"
HAND_OVER: Final = "hand-over"
PEOPLE_MAX: Final = 50
"""On one case at once."""
NOTES_SHOWN_MAX: Final = 100
_ENDS: Final = (CaseAct.CLOSE.value, CaseAct.DISMISS.value, CaseAct.MERGE.value)
_PEOPLE_ACTS: Final = (JOIN, LEAVE, HAND_OVER, CaseAct.TAKE.value, *_ENDS)


@dataclass(frozen=True, slots=True)
class PersonOnCase:
    """``since_us`` None: of a case that has its owner from the one that it was split off. ``owner``: it is theirs."""

    name: str
    since_us: int | None
    owner: bool


@dataclass(frozen=True, slots=True)
class HandOverNote:
    """``to``: who got the case with it; empty: the case stayed with whoever had it."""

    at_us: int
    who: str
    to: str
    text: str


class People:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def join(self, case_id: str, user: str) -> None:
        """This person is on the case from now on; for whoever is already, nothing. Raises UnknownCase, NotAllowed;
        NotNow for a case that is over, and where PEOPLE_MAX are on it."""
        person(user)
        with writing(self._engine) as connection:
            case = locked(connection, case_id)
            if case.state in OVER:
                state = CASE_WORDS[case.state]
                raise NotNow(Text("{case_id} is {state}: nobody works on it any more", case_id=case_id, state=state))
            there = _on(connection, case_id, case.owner, case.state)
            if any(one.name == user for one in there):
                return
            if len(there) >= PEOPLE_MAX:
                raise NotNow(
                    Text(
                        "{people_max} people are on {case_id} already: one of them must leave it first",
                        people_max=PEOPLE_MAX,
                        case_id=case_id,
                    )
                )
            audit.note(connection, self._clock.now_us(), user, JOIN, case_id, {})

    def leave(self, case_id: str, user: str) -> None:
        """This person is not on the case any more; for whoever is not, nothing. Raises UnknownCase, NotAllowed; NotNow
        for its owner, who hands it over."""
        person(user)
        with writing(self._engine) as connection:
            case = locked(connection, case_id)
            if case.owner == user:
                raise NotNow(Text("{case_id} is yours: hand it over to somebody first", case_id=case_id))
            if any(one.name == user for one in _on(connection, case_id, case.owner, case.state)):
                audit.note(connection, self._clock.now_us(), user, LEAVE, case_id, {})

    def note(self, case_id: str, user: str, text: str) -> None:
        """What the next one must know. Raises UnknownCase, NotAllowed; NotNow for a merged case; ValueError for no or
        too many characters."""
        person(user)
        if not text.strip() or len(text) > TEXT_CHARS_MAX or not is_plain(text):
            raise ValueError(
                Text(
                    "a hand-over note has 1 to {text_chars_max} characters that can be seen",
                    text_chars_max=TEXT_CHARS_MAX,
                )
            )
        with writing(self._engine) as connection:
            still_open(connection, case_id)
            audit.note(connection, self._clock.now_us(), user, NOTE, case_id, {"text": text})

    def on_it(self, case_id: str) -> tuple[PersonOnCase, ...]:
        """Its owner first, then the others as they came; nobody of a case that is over. Nobody for an unknown one."""
        with reading(self._engine) as connection:
            row = connection.execute(select(CASE.c.owner, CASE.c.state).where(CASE.c.id == case_id)).first()
            return () if row is None else _on(connection, case_id, row.owner, CaseState(row.state))

    def notes(self, case_ids: Sequence[str]) -> tuple[HandOverNote, ...]:
        """What was written in these cases for the next one, also with a hand-over; the newest first."""
        with reading(self._engine) as connection:
            lines = audit.of_subjects(connection, case_ids, (NOTE, HAND_OVER), NOTES_SHOWN_MAX)
        return tuple(_note(line) for line in reversed(lines))


def _on(connection: Connection, case_id: str, owner: str, state: CaseState) -> tuple[PersonOnCase, ...]:
    if state in OVER:
        return ()
    since: dict[str, int] = {}
    owned_us: int | None = None
    for line in audit.of_subjects(connection, (case_id,), _PEOPLE_ACTS, audit.LINES_PER_READ_MAX):
        if line.act in _ENDS:  # reopened since: whoever was on it then says so again
            since = {}
        elif line.act == JOIN:
            since[line.who] = line.at_us
        elif line.act == LEAVE:
            since.pop(line.who, None)
        else:
            owned_us = line.at_us
    known = [at_us for at_us in (since.pop(owner, None), owned_us) if at_us is not None]
    first = (PersonOnCase(owner, min(known, default=None), owner=True),) if owner else ()
    return (*first, *(PersonOnCase(name, at_us, owner=False) for name, at_us in since.items()))


def _note(line: audit.AuditLine) -> HandOverNote:
    detail = json.loads(line.detail)
    if line.act == HAND_OVER:
        return HandOverNote(line.at_us, line.who, detail["to"], detail["why"])
    return HandOverNote(line.at_us, line.who, "", detail["text"])
