"""What a part of the centre may cost when it fails in a way that nobody foresaw: that part's result or that item, until
the next step tries again. Whatever else goes on (docs/decisions/0020-contained.md).

Refuses to contain a book that does not hold and a lease that is lost, which end the process, and a database server that
does not answer: whoever runs the centre waits for it and opens everything anew.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bavn.centre.inbox.aside import is_book_broken
from bavn.centre.store.lease import LeaseLost, OtherBook
from bavn.model.failure import During, Failures

AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)
_DISK: Final = (sqlite3.OperationalError, OSError)


class Containment:
    """``failures`` hears of what is contained. May be used from any thread."""

    def __init__(self, failures: Failures, engine: Engine) -> None:
        self.failures = failures
        self._served = engine.dialect.name != "sqlite"

    def part(self, name: str, do: Callable[[], object], item: bytes = b"", during: During = "work") -> bool:
        """Whether ``do`` came to its end; its failure is noted under ``name``. Raises what nobody may contain."""
        try:
            do()
        except Exception as error:  # noqa: BLE001  what nobody foresaw costs this part and no more
            self.note(name, error, item, during)
            return False
        self.failures.works(name)
        return True

    def each[Item](self, name: str, items: Iterable[Item], do: Callable[[Item], object]) -> None:
        """One after the other; an item that fails costs itself, and works again when no item fails."""
        failed = False
        for item in items:
            try:
                do(item)
            except Exception as error:  # noqa: BLE001  it costs this item and no more
                self.note(name, error, repr(item).encode("utf-8", "backslashreplace"))
                failed = True
        if not failed:
            self.failures.works(name)

    def note(self, name: str, error: Exception, item: bytes = b"", during: During = "work") -> None:
        """A part failed. Raises the error where nobody may contain it."""
        if self.ends(error):
            raise error
        self.failures.note(name, error, item=item, during=during)

    def ends(self, error: BaseException) -> bool:
        """Whether nothing may go on as it is."""
        causes = list(_causes(error))
        gone = self._served and any(isinstance(cause, AWAY) for cause in causes)
        return gone or any(is_book_broken(cause) or isinstance(cause, LeaseLost | OtherBook) for cause in causes)


def is_no_items_fault(error: BaseException) -> bool:
    """Whether a database or a disk does not answer: another item would have failed, too."""
    return any(isinstance(cause, (*AWAY, *_DISK)) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is behind it, such as what broke a gate that was asking the database."""
    cause: BaseException | None = error
    seen = set[int]()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__
