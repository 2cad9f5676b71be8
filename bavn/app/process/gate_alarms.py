"""Gates that were shut before this process began are still failing: whoever looks at health hears of them.

Refuses to open any: a person does.
"""

from bavn.app.process.kept_book import BOOK
from bavn.model.failure import Failures
from bavn.wire.book import Book
from bavn.wire.shut import shut_gates


class GateIsShut(Exception):
    """A gate has been shut since an earlier run. A person must look at what failed and open it."""


def contained(book: Book, failures: Failures) -> Book:
    """The book, whose gates tell ``failures`` from now on what failed."""
    book.failures = failures
    for shut in shut_gates(book):
        if shut.gate == BOOK:
            continue  # no rule failed
        failures.note(shut.part, GateIsShut(f"shut for {shut.kind} of {shut.peer} since {shut.error}"), during="start")
    return book
