"""What a service does not start without: its own book, its own keys, and the gates that stand on them.

Where opening one fails in a way that nobody foresaw the process ends with one line that names it (docs/decisions/
0020-contained.md has the list). Refuses to contain anything: late.py does.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.late import FORESEEN
from bavn.model.text import Text
from bavn.wire.book import BookForeign

BOOK: Final = "book"
KEYS: Final = "keys"
GATES: Final = "gates"
HEALTH: Final = "health"
ANY: Final = "start"
"""Whatever is none of the others: clock and dice."""
DO: Final = {
    BOOK: "copy the folder before anything else, then restore the newest backup (docs/operations.md, Backup)",
    KEYS: "put the folder of keys back from the backup, or enrol anew (docs/operations.md, Certificates)",
    GATES: "keep the failures folder and report it (docs/operations.md, What a service does not start without)",
    HEALTH: "keep the failures folder and report it (docs/operations.md, What a service does not start without)",
    ANY: "keep the failures folder and report it (docs/operations.md, What a service does not start without)",
}
_SAID_BY_THE_COMMAND: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


def owned[Part](
    failures: FailureFolder, what: str, make: Callable[[], Part], passing: tuple[type[Exception], ...] = ()
) -> Part:
    """The part. ``what``: one of DO; ``passing``: what the caller's caller waits out. Raises FORESEEN and a
    database that is damaged or out of reach as they are; Stop for all else, which ``failures`` keeps."""
    try:
        return make()
    except Exception as error:
        if isinstance(error, (*FORESEEN, BookForeign, *passing)):
            raise
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _SAID_BY_THE_COMMAND:
            raise
        raise ended(failures, what, error) from error


def ended(failures: FailureFolder, what: str, error: Exception) -> Stop:
    """The one line with which the process ends; ``failures`` keeps where it failed."""
    keep = failures.keep(f"own {what}", error)
    at = f" at {keep.place}" if keep.place else ""
    return Stop(
        Exit.BROKEN,
        Text(
            "it does not start without its {what}, which failed ({error}){at}: {do}",
            what=what,
            error=keep.error,
            at=at,
            do=DO[what],
        ),
    )
