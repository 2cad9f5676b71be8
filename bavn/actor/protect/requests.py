"""What a person asked for from another process: kept in the book, granted by the running node at its next step.

``bavn node approve`` writes here and needs no way into the node's process; nobody from outside can, since the book is
a file of this machine. Refuses to grant anything itself.
"""

from dataclasses import dataclass
from typing import Final, Literal

from bavn.actor.protect.state import State
from bavn.wire.book import Book

WISHES_MAX: Final = 1000
WishAct = Literal["approve", "lift", "kill", "revive"]


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """``act`` on an indicator (empty for kill and revive), asked by a person."""

    number: int
    act: WishAct
    indicator_id: str
    by: str


def request(book: Book, act: WishAct, indicator_id: str, by: str) -> None:
    """Leaves a wish for the node that owns this book."""
    State(book)
    with book.transaction() as tx:
        tx.execute("INSERT INTO protect_wish (act, indicator_id, by) VALUES (?, ?, ?)", (act, indicator_id, by))


def requests(book: Book) -> list[PersonRequest]:
    """All that are not granted yet, oldest first."""
    rows = book.rows("SELECT number, act, indicator_id, by FROM protect_wish ORDER BY number LIMIT ?", (WISHES_MAX,))
    return [PersonRequest(*row) for row in rows]


def end_request(book: Book, number: int) -> None:
    """This one was granted, or could not be."""
    with book.transaction() as tx:
        tx.execute("DELETE FROM protect_wish WHERE number = ?", (number,))


def end_switch_requests(book: Book) -> None:
    """What people asked of the kill switch is overtaken: it was turned since."""
    with book.transaction() as tx:
        tx.execute("DELETE FROM protect_wish WHERE act IN ('kill', 'revive')")
