"""How much of an actor's the inbox has not worked off, asked also beside the centre's service. Refuses to read it."""

from bavn.centre.inbox.inbox import SCHEMA
from bavn.wire.book import Book


def open_items(book: Book, actor: str) -> int:
    """Messages of an actor that passed gate 2 and are not worked off."""
    book.part("inbox", 1, SCHEMA)
    return int(book.rows("SELECT count(*) FROM inbox WHERE actor = ? AND done_us IS NULL", (actor,))[0][0])
