"""Whether a service still has its book: deleted or replaced under it, put back from an older copy, or begun anew beside
what an earlier one left.

An older copy lacks lines, budgets and marks, and a new book has none: the gate ``book`` is shut until a person opens
it, with a line of the ledger each. What was spent stays spent (wire/gaps.py).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bavn.app.process.service_health import PromiseFinding
from bavn.model.failure import Failures
from bavn.model.moment import iso
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire import gaps
from bavn.wire.archive import folder_of
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note
from bavn.wire.shut import ShutGate, ShutGates, shut_gates

BOOK: Final = "book"
"""The gate, and the kind, that a lost book shuts."""
LOST: Final = "book_lost"
PUT_BACK: Final = "book_put_back"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file or folder that is open, as it was when it was opened."""

    path: Path
    identity: tuple[int, int]

    @classmethod
    def of(cls, path: Path) -> Self:
        """Of what stands there now. OSError."""
        status = path.stat()
        return cls(path, (status.st_dev, status.st_ino))

    def wrong(self) -> Text | None:
        """What became of it; None where its name still leads to it. OSError where that cannot be seen."""
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return Text("{path} was deleted while it was in use: restore it, and start again", path=self.path)
        if (status.st_dev, status.st_ino) == self.identity:
            return None
        return Text("{path} was replaced while it was in use: start again with the right one", path=self.path)


class GateIsShut(Exception):
    """A gate has been shut since an earlier run. A person must look at what failed and open it."""


def contained(book: Book, failures: Failures) -> Book:
    """The book, whose gates tell ``failures`` from now on what failed; those that a rule shut before are failing."""
    book.failures = failures
    for shut in shut_gates(book):
        if shut.gate != BOOK:
            why = GateIsShut(f"shut for {shut.kind} of {shut.peer} since {shut.error}")
            failures.note(shut.part, why, during="start")
    return book


def wrongs(held: Sequence[HeldFile]) -> list[Text]:
    """What became of all of them."""
    return [wrong for file in held if (wrong := file.wrong()) is not None]


def shut_if_lost(ledger: Ledger, at_us: int, left: Sequence[Path]) -> None:
    """Shuts the gate ``book`` where the book is an older copy that was put back, or is new and any of what only an
    earlier one can have left is there."""
    path = ledger.book.path
    if path is None:
        return
    with ledger.book.transaction():
        if gaps.notice(ledger.book, at_us):
            _shut(ledger, at_us, Refused(PUT_BACK, "{file} was put back from an older copy", file=path.name))
        there = next((one for one in (*left, folder_of(path)) if one.exists()), None)
        if ledger.book.fresh and there is not None:
            gaps.begun_anew(ledger.book, at_us)
            shut_for(ledger, at_us, path.name, there.name)


def shut_for(ledger: Ledger, at_us: int, new: str, there: str) -> None:
    """Shuts the gate ``book`` since one of two files that belong together is new."""
    _shut(ledger, at_us, Refused(LOST, "{new} is new, and {there} is not", new=new, there=there))


def _shut(ledger: Ledger, at_us: int, refused: Refused) -> None:
    words = refused.reason.en
    item_id = hashlib.sha256(f"{refused.rule}\0{at_us}\0{words}".encode()).hexdigest()
    with ledger.book.transaction():
        ledger.append(at_us, BOOK, "in", Note(kind=BOOK, item_id=item_id, peer="", summary=words), refused)
        shut = ShutGate(
            gate=BOOK,
            kind=BOOK,
            peer="",
            since_us=at_us,
            rule=refused.rule,
            error=refused.reason.row(),
            item_id=item_id,
        )
        ShutGates(ledger.book).shut(shut)


def kept(book: Book, held: Sequence[HeldFile], chain: Callable[[], PromiseFinding]) -> Callable[[], PromiseFinding]:
    """Whether a service has its book, and that book's chain holds."""

    def look() -> PromiseFinding:
        lost = lost_words(shut_gates(book))
        gone = wrongs(held) + ([] if lost is None else [lost])
        return PromiseFinding(gone) if gone else chain()

    return look


def lost_words(shut: Sequence[ShutGate]) -> Text | None:
    """That the book began anew or is an older copy, and what to do; None where it is not, or a person knows of it."""
    lost = next((one for one in shut if one.gate == BOOK), None)
    if lost is None:
        return None
    if lost.rule == PUT_BACK:
        return Text(
            "restored at {at}: {why}. What may have been spent counts as spent, and quotas start again tomorrow."
            " Say that you know: gates book book",
            at=iso(lost.since_us)[:19] + "Z",
            why=Text.of_row(lost.error),
        )
    return Text(
        "the book was lost and began anew at {at} ({why}): what it knew before is gone, its ledger too. Restore a"
        " backup, or say that you know: gates book book",
        at=iso(lost.since_us)[:19] + "Z",
        why=Text.of_row(lost.error),
    )
