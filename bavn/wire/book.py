"""One SQLite file that ledger, outbox and inbox share, so that a line and what follows from it are one transaction.

WAL with synchronous=FULL: what a committed transaction wrote survives kill -9 and a power cut; what did not commit was
never there. Refuses to know what is written in it.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from bavn.model.failure import Failures, NoContainment
from bavn.model.moment import MINUTE_US
from bavn.model.ports import LinkDown
from bavn.wire.fair_lock import FairLock

BUSY_TIMEOUT_MS = 10_000
JOURNAL_BYTES_MAX = 64 * 1024 * 1024
PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "trusted_schema=OFF",
    f"journal_size_limit={JOURNAL_BYTES_MAX}",
)
MARK_US: Final = MINUTE_US
UNMARKED_US_MAX: Final = 5 * MINUTE_US
"""A file that was changed so long after its last mark was changed by something else: it was put back from a copy."""
_MARKS: Final = (
    "CREATE TABLE book_mark (at_us INTEGER NOT NULL) STRICT",
    "INSERT INTO book_mark VALUES (0)",
    "CREATE TABLE book_gap (noticed_us INTEGER) STRICT",
)


class BookForeign(Exception):
    """The file was written by another version of this part of Bavn. The operator must act: migrate or move it away."""


class Doomed(Exception):
    """Something failed inside a transaction and was swallowed there: nothing of it may be kept. A broken invariant."""


class Book:
    """One connection, one lock: every method may be called from any thread, and they get their turns in the order in
    which they asked. ``path`` None keeps it in memory; a new file is readable by its owner alone.

    It holds a mark of when it was written last, by the file system's clock, to about a minute. A file that was changed
    long after its mark is an older copy that was put back: that stands in ``book_gap`` (gaps.py)."""

    def __init__(self, path: Path | None = None, failures: Failures | None = None) -> None:
        self.path = path
        self.failures: Failures = failures or NoContainment()
        """Whom the gates of this book tell what failed in a way that nobody foresaw."""
        self._lock = FairLock()
        self._depth = 0
        self._doomed = False
        self._marked_us: int | None = None
        self._marking_us = 0
        changed_us = _changed_us(path) if path is not None and path.exists() else 0
        if path is not None and not changed_us:
            path.touch(mode=0o600)
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
            self.fresh = not self.rows("SELECT 1 FROM sqlite_master LIMIT 1")
            """Nothing was ever written in this file before."""
            self.part("book", 1, ())
            self._look_for_gap(changed_us)
        except BaseException:  # a damaged file: nobody gets a book, so nobody would close it
            self._connection.close()
            raise

    def _look_for_gap(self, changed_us: int) -> None:
        self.part("book_mark", 1, _MARKS)
        ((marked_us,),) = self.rows("SELECT at_us FROM book_mark")
        self._marked_us = int(marked_us)
        with self.transaction() as tx:
            if marked_us and changed_us - marked_us > UNMARKED_US_MAX:
                tx.execute("INSERT INTO book_gap VALUES (NULL)")

    def part(self, name: str, version: int, statements: Sequence[str]) -> None:
        """Make the tables of one part (ledger, outbox, ...) if they are not there; all of it or nothing. Raises
        BookForeign for those of another version."""
        with self.transaction() as tx:
            tx.execute("CREATE TABLE IF NOT EXISTS book_part (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT")
            row = tx.execute("SELECT version FROM book_part WHERE name = ?", (name,)).fetchone()
            if row is None:
                for statement in statements:
                    tx.execute(statement)
                tx.execute("INSERT INTO book_part VALUES (?, ?)", (name, version))
            elif row[0] != version:
                raise BookForeign(f"{self.path}: part {name!r} has version {row[0]}, this Bavn writes {version}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Inside another transaction of this thread it joins that one; if it fails there, the outer
        one cannot succeed either (Doomed)."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
                self._doomed = False
                self._marking_us = self._unmarked_us()
                if self._marking_us:
                    self._connection.execute("UPDATE book_mark SET at_us = ?", (self._marking_us,))
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._doomed = True
                self._depth -= 1
                if self._depth == 0:
                    self._undo()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._commit()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: what fails here is undone to this point alone, is raised, and the transaction can
        still succeed."""
        with self._lock:
            if self._depth == 0:
                raise RuntimeError("an attempt is part of a transaction")
            depth, doomed = self._depth, self._doomed
            self._connection.execute("SAVEPOINT attempt")
            try:
                yield
                self._nothing_swallowed(doomed)
            except BaseException:
                self._depth = depth
                if self._connection.in_transaction:  # SQLite undid all of it by itself where the disk was full
                    self._connection.execute("ROLLBACK TO attempt")
                    self._connection.execute("RELEASE attempt")
                    self._doomed = doomed
                raise
            self._connection.execute("RELEASE attempt")

    def _nothing_swallowed(self, before: bool) -> None:
        if self._doomed and not before:
            raise Doomed("a failure inside an attempt was swallowed; nothing of the attempt was kept")

    def _commit(self) -> None:
        if self._doomed:
            self._undo()
            raise Doomed("a failure inside a transaction was swallowed; nothing of the transaction was kept")
        try:
            self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        if self._marking_us:
            self._marked_us = self._marking_us

    def _unmarked_us(self) -> int:
        """The moment where the last mark is a while ago; else 0. A file that is gone has no clock: others tell that.
        The journal is what is touched, since a transaction that is undone changes nothing in the book."""
        if self.path is None or self._marked_us is None:
            return 0
        with suppress(OSError):
            journal = self.path.with_name(f"{self.path.name}-wal")
            os.utime(journal)
            now_us = _changed_us(journal)
            return now_us if abs(now_us - self._marked_us) >= MARK_US else 0
        return 0

    def _undo(self) -> None:
        """SQLite has undone it by itself where the disk was full: then there is nothing left to undo."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a question."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        with self._lock:
            try:
                if self._unmarked_us():  # closing changes the file
                    self.part("book", 1, ())
            except sqlite3.Error:  # a full disk: then what is in the journal stays there
                self._connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_AWAY: Final = ("OperationalError", "InterfaceError", "TimeoutError", "LeaseLost")
"""PEP 249's names, whichever database it is; SQLAlchemy's for a pool that is empty; ours for a centre that was taken
over."""


def is_environment(error: BaseException) -> bool:
    """True where the machine failed and not what it was working on: a disk that is full, a database that is locked or
    away, a link that is down. Whoever waits and does the same again has lost nothing."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError | MemoryError | LinkDown):
            return True
        if isinstance(link, sqlite3.OperationalError):
            code = getattr(link, "sqlite_errorcode", sqlite3.SQLITE_FULL)
            return code & 0xFF != sqlite3.SQLITE_ERROR  # that one is a statement with a slip
        if type(link).__name__ in _AWAY:
            return True
        link = link.__cause__
    return False


def _changed_us(path: Path) -> int:
    return path.stat().st_ctime_ns // 1000


def read_only(path: Path) -> sqlite3.Connection:
    """A connection for another process, or thread, that looks on while the node runs; it cannot write."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA query_only=ON")
    except BaseException:
        connection.close()
        raise
    return connection
