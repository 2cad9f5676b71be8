"""What a part of the centre may cost when it fails in a way that nobody foresaw: that part's result or that item, until
the next step tries again. Whatever else goes on (docs/decisions/0020-contained.md).

Refuses to contain a book that does not hold and a lease that is lost: those end the process.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bavn.centre.inbox.aside import is_book_broken
from bavn.centre.store.lease import LeaseLost, OtherBook
from bavn.model.failure import Failures

NO_ITEMS_FAULT: Final = (OperationalError, InterfaceError, PoolTimeout, sqlite3.OperationalError, OSError)
"""A database or a disk that does not answer: another item would have failed, too."""


def ends_the_process(error: BaseException) -> bool:
    """Whether nothing may be done any more."""
    return is_book_broken(error) or isinstance(error, LeaseLost | OtherBook)


def contained(failures: Failures, part: str, do: Callable[[], object], item: bytes = b"") -> bool:
    """Whether ``do`` came to its end; its failure is noted under ``part``."""
    try:
        do()
    except Exception as error:
        if ends_the_process(error):
            raise
        failures.note(part, error, item=item)
        return False
    failures.works(part)
    return True
