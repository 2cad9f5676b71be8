"""How far each day's commons round came at this node: one row a day, for health, command line and console.

Says nothing of elements but how many there were. Refuses to know what they are.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from bavn.actor.door.table import Table
from bavn.model.sector.known_days import DAYS
from bavn.wire.book import Book


class DayState(StrEnum):
    """opened -> sent -> answered; or what came of it instead."""

    OPENED = "opened"
    SENT = "sent"
    ANSWERED = "answered"
    WRONG = "wrong"
    """What the centre answered cannot be: ``rule`` says which rule refused it."""
    UNANSWERED = "unanswered"
    """The round ended without an answer: too few took part, or the share came too late."""
    LATE = "late"
    """Nothing could be sent before the deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonsDay:
    """``day``: since 1970; ``elements``: how many were told of, of at most ``m``; ``groups``: how many took part with
    the same keys, ``other_keys``: uploads made with others;
    ``known``: how many elements each bucket has, by its smallest K, "0" below the threshold."""

    day: int
    round_id: str
    m: int
    state: str
    at_us: int
    elements: int = 0
    groups: int = 0
    other_keys: int = 0
    rule: str = ""
    known: dict[str, int] = field(default_factory=dict)


DAYS_TABLE: Final = Table(CommonsDay, "door_commons_round", order="day DESC")
_SCHEMA = (
    """CREATE TABLE door_commons_round (
        day INTEGER PRIMARY KEY, round_id TEXT NOT NULL, m INTEGER NOT NULL, state TEXT NOT NULL,
        at_us INTEGER NOT NULL, elements INTEGER NOT NULL, groups INTEGER NOT NULL,
        other_keys INTEGER NOT NULL, rule TEXT NOT NULL, known TEXT NOT NULL
    ) STRICT""",
)


class CommonsDays:
    """Joins the transaction that is open. May be called from any thread."""

    def __init__(self, book: Book) -> None:
        self._book = book
        book.part("door_commons_round", 1, _SCHEMA)

    def keep(self, day: CommonsDay) -> None:
        """A day's row, and forgets what is older than DAYS."""
        with self._book.transaction() as tx:
            DAYS_TABLE.keep(self._book, day)
            tx.execute("DELETE FROM door_commons_round WHERE day <= ?", (day.day - DAYS,))

    def newest(self, limit: int = DAYS) -> list[CommonsDay]:
        """The latest first."""
        return DAYS_TABLE.find(self._book, "TRUE", limit=limit)

    def get(self, day: int) -> CommonsDay | None:
        return DAYS_TABLE.get(self._book, day)

    def came_to(self, round_id: str, state: DayState, at_us: int, **more: object) -> None:
        """What became of a round, where it is one of these days'."""
        for day in DAYS_TABLE.find(self._book, "round_id = ?", (round_id,)):
            self.keep(replace(day, state=state.value, at_us=at_us, **more))  # type: ignore[arg-type]
