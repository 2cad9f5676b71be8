"""Versions that only the centre counts, of a case, a verdict or a warning: how far one may leap, and how long it
keeps out a lower one.

So whoever held the centre's key for a minute makes a node deaf to none of them for more than a day (decision 25).
Refuses to know what the version is of.
"""

from typing import Final

from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.wire.book import Book

AHEAD_MAX: Final = 1_000
"""So far may a version lie ahead of what was heard last, or of none."""
SETTLED_US: Final = DAY_US
"""So long after a version was heard no lower one counts. That an old word does not come twice is the envelopes' own
order."""
_TABLES: Final = ("door_case", "door_warning", "sector_verdict_case")


def leap(rule: str, known: int, version: int) -> Refused | None:
    """Why a version is not believed; ``known``: the last that was heard, 0 for none."""
    if version <= known + AHEAD_MAX:
        return None
    return Refused(rule, "its version leaps too far ahead of what was heard before")


def is_old(known: int, received_us: int, version: int, now_us: int) -> bool:
    """Whether a version is no news where ``known`` was heard at ``received_us``."""
    return version == known or (version < known and now_us - received_us < SETTLED_US)


def forget(book: Book) -> None:
    """All of them: the centre was replaced, and counts anew."""
    there = {name for (name,) in book.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    with book.transaction() as tx:
        for table in _TABLES:
            if table in there:
                tx.execute(f"UPDATE {table} SET version = 0")
