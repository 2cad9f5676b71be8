"""What lies between two halves of a log-on: a challenge, a state, a secret that is not kept yet. Minutes, in memory.

A process that ends forgets them: whoever was in the middle begins again. Refuses to grow: the oldest goes first.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from bavn.app.access.book import Book

TRIES_MAX: Final = 10_000
TRY_US: Final = 5 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Try:
    """``kind`` says for what it is good; ``given`` is what its second half needs."""

    kind: str
    until_us: int
    given: dict[str, Any]


class Tries:
    """By a secret that only the browser which began has."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._tries: OrderedDict[str, Try] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, kind: str, **fields: Any) -> str:
        """The secret for the second half."""
        secret = self._book.secret()
        with self._lock:
            while len(self._tries) >= TRIES_MAX:
                self._tries.popitem(last=False)
            self._tries[secret] = Try(kind, self._book.now_us() + TRY_US, fields)
        return secret

    def end(self, secret: str, kind: str) -> dict[str, Any] | None:
        """What was said at the beginning, once; None where it is too late, for something else, or nobody's."""
        with self._lock:
            attempt = self._tries.pop(secret, None)
        if attempt is None or attempt.kind != kind or attempt.until_us <= self._book.now_us():
            return None
        return attempt.given
