"""When a book was restored from an older copy, or begun anew: of what came before that it knows nothing for sure.

What was counted meanwhile is gone, so whoever counts by the book takes it as spent. ``book.py`` finds the older copy;
the service that owns the book notices it at its start, and says so.
"""

from bavn.wire.book import Book


def notice(book: Book, now_us: int) -> bool:
    """Dates what was not noticed yet. True if there was any."""
    with book.transaction() as tx:
        return tx.execute("UPDATE book_gap SET noticed_us = ? WHERE noticed_us IS NULL", (now_us,)).rowcount > 0


def begun_anew(book: Book, now_us: int) -> None:
    """Nothing is known of what was before."""
    with book.transaction() as tx:
        tx.execute("INSERT INTO book_gap VALUES (?)", (now_us,))


def every_us(book: Book) -> list[int]:
    """When each was noticed."""
    return [int(at_us) for (at_us,) in book.rows("SELECT noticed_us FROM book_gap WHERE noticed_us IS NOT NULL")]


def noticed_us(book: Book) -> int:
    """When that was noticed last; 0 for never."""
    return max(every_us(book), default=0)
