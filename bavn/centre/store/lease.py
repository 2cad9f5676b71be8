"""One running centre for each database, and one book for each database.

SQLite: a lock on a file beside the database, which the kernel lets go of when its holder ends, however it ends.
PostgreSQL: an advisory lock of one connection. A connection can be lost while its holder runs on, so each start counts
``run_no`` up, and a writing transaction of a centre whose number has passed is refused. Commands of people take no
lease: they may work on the database at any time.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, Engine, event, insert, select, update

from bavn.centre.store.engine import LOCK_CENTRE, LOCK_SPACE, writing
from bavn.centre.store.tables import RUN

_ROW: Final = 1


class CentreRuns(Exception):
    """Another centre runs on this database. The operator must act: stop it first."""


class OtherBook(Exception):
    """The book beside is not the one that this database was written with. The operator must act."""


class LeaseLost(Exception):
    """Another centre has started on this database since. This one must stop: it may write no more."""


class Lease:
    """The right to run a centre, or to change the database as a whole. Raises CentreRuns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file: int | None = None
        self._connection: Connection | None = None
        self._run_no: int | None = None
        if engine.dialect.name == "postgresql":
            self._lock_connection()
        elif engine.url.database not in (None, "", ":memory:"):
            self._lock_file(Path(f"{engine.url.database}.lock"))

    def start(self, book_id: str) -> int:
        """From here on this centre is the one that writes; returns its number. ``book_id``: 32 hex digits that the
        book carries; the first book that comes with one is the database's. Raises OtherBook."""
        with writing(self._engine) as connection:
            row = connection.execute(select(RUN).where(RUN.c.id == _ROW)).first()
            if row is not None and row.book_id != book_id:
                raise OtherBook("the database was written together with another book (centre-book.db)")
            number = 1 if row is None else row.run_no + 1
            if row is None:
                connection.execute(insert(RUN).values(id=_ROW, book_id=book_id, run_no=number))
            else:
                connection.execute(update(RUN).where(RUN.c.id == _ROW).values(run_no=number))
        self._run_no = number
        event.listen(self._engine, "begin", self._still_mine)
        return number

    def release(self) -> None:
        """Let another run."""
        if self._run_no is not None:
            event.remove(self._engine, "begin", self._still_mine)
            self._run_no = None
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _still_mine(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("bavn_writes", False):
            return
        found = connection.execute(select(RUN.c.run_no).where(RUN.c.id == _ROW)).scalar_one_or_none()
        if found != self._run_no:
            raise LeaseLost("another centre has started on this database; this one writes no more")

    def _lock_file(self, file: Path) -> None:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise CentreRuns(f"a centre runs on {str(file).removesuffix('.lock')}") from error
        self._file = handle

    def _lock_connection(self) -> None:
        connection = self._engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        asked = f"SELECT pg_try_advisory_lock({LOCK_SPACE}, {LOCK_CENTRE})"
        if not connection.exec_driver_sql(asked).scalar_one():
            connection.close()
            raise CentreRuns("a centre runs on this database")
        self._connection = connection
