"""What people handed to each other: one asks another to look at a thing that waits. Refuses to know what waits: whoever
asks says which things do, and what was handed on of others is forgotten."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, insert, select

from bavn.app.access.book import Book
from bavn.app.access.tables import HANDED
from bavn.centre.store.rows import value_from
from bavn.model.moment import DAY_US
from bavn.model.text import Text

DAYS_MAX: Final = 30
OF_ONE_MAX: Final = 50
"""So many things wait in one person's queue because others handed them over; more are refused."""


class CannotHand(ValueError):
    """It cannot be handed to them. Whoever asked must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """``by_user`` asks ``to_user`` to look at ``thing``."""

    thing: str
    to_user: str
    by_user: str
    at_us: int


class Handed:
    """From any thread, in any process on the same book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def every(self) -> tuple[HandOver, ...]:
        """What was handed on in the last 30 days, the latest first; also what waits no longer."""
        since_us = self._book.now_us() - DAYS_MAX * DAY_US
        wanted = select(HANDED).where(HANDED.c.at_us > since_us).order_by(HANDED.c.at_us.desc(), HANDED.c.to_user)
        with self._book.reading() as tx:
            return tuple(value_from(HandOver, row) for row in tx.execute(wanted))

    def hand(self, thing: str, by: str, to: str, waits: Collection[str]) -> HandOver:
        """Leaves a line in somebody's queue, with a line in the log. ``waits``: every thing that waits now. The same
        again changes nothing. Raises CannotHand where their queue is full."""
        handover = HandOver(thing=thing, to_user=to, by_user=str(by), at_us=self._book.now_us())
        with self._book.writing() as tx:
            over = HANDED.c.thing.not_in(waits) | (HANDED.c.at_us <= handover.at_us - DAYS_MAX * DAY_US)
            tx.execute(delete(HANDED).where(over))
            there = (HANDED.c.thing == thing) & (HANDED.c.to_user == to)
            if tx.execute(select(HANDED.c.at_us).where(there)).first() is not None:
                return handover
            theirs = select(func.count()).select_from(HANDED).where(HANDED.c.to_user == to)
            if tx.execute(theirs).scalar_one() >= OF_ONE_MAX:
                raise CannotHand(Text("{to} has been asked to look at enough: ask somebody else", to=to))
            tx.execute(insert(HANDED).values(thing=thing, to_user=to, by_user=handover.by_user, at_us=handover.at_us))
            self._book.note(tx, by, "handed-over", to, thing=thing)
        return handover
