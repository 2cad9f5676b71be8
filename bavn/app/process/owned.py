"""What a service does not start without: its own book, its own keys, and the gates that stand on them.

Where opening one fails in a way that nobody foresaw the process ends with one line that names it (docs/decisions/
0020-contained.md has the list). Refuses to contain anything: late.py does.
"""

import errno
import sqlite3
from collections.abc import Callable
from typing import Final

from bavn.app.process.exits import Exit, Stop, cannot_write
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
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)

_DISK_REFUSES: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
_NO_PLACE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""The folder that was named is none."""
_RIGHTS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""The command says whose rights."""


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
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF if isinstance(error, sqlite3.Error) else 0
        if code in _DISK_REFUSES or (isinstance(error, OSError) and error.errno in _FULL):
            raise _not_now(what, error) from error
        if what == BOOK and isinstance(error, OSError) and error.errno in _NO_PLACE:
            raise cannot_write(error.filename, error) from error
        if code in _SAID_BY_THE_COMMAND or (isinstance(error, OSError) and error.errno in _RIGHTS):
            raise
        raise ended(failures, what, error) from error


def _not_now(what: str, error: Exception) -> Stop:
    """A disk that is full, or refuses, may not be in a while: the service is tried again."""
    return Stop(
        Exit.NOT_NOW,
        Text(
            "it does not start without its {what}, and the disk refuses that ({error}): make room, or see to the disk;"
            " a service tries again by itself",
            what=what,
            error=Text.of_error(error),
        ),
    )


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
