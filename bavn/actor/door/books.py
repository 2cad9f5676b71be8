"""What a node keeps in its one book: the ledger, what is suspicious, and what people here said of that."""

from dataclasses import dataclass

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.actor.door.verdicts import VerdictBook
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger


@dataclass(frozen=True, slots=True)
class NodeBooks:
    """Made by :func:`books_of`."""

    book: Book
    ledger: Ledger
    known: NodeSuspicions
    verdicts: VerdictBook


def books_of(book: Book) -> NodeBooks:
    """Over a book that is open."""
    return NodeBooks(book, Ledger(book), NodeSuspicions(book), VerdictBook(book))
