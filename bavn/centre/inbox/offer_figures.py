"""How much a partner offers, for people. Refuses to read what it says."""

from bavn.model.moment import DAY_US
from bavn.wire.ledger import Asks
from bavn.wire.partners.collection import objects_on


def offered_by(book: Asks, partner: str, now_us: int) -> tuple[int, int]:
    """(objects of it that are held, objects taken today in UTC); zeros where nothing was ever offered on this book."""
    if not book.rows("SELECT 1 FROM sqlite_master WHERE name = 'offer_usage'"):
        return 0, 0
    held = objects_on(book, f"offered/{partner}")
    today = book.rows("SELECT objects FROM offer_usage WHERE partner = ? AND day = ?", (partner, now_us // DAY_US))
    return held, (int(today[0][0]) if today else 0)
