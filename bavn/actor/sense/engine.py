"""The engine that parses: a DuckDB in memory that can open nothing, shared over the batches of a source.

Lines come in as Arrow columns and go out as Arrow columns; the engine itself reads and writes no file, loads no
extension, and cannot be unlocked. DuckDB is loaded when the first is made: a node without sources needs none. Refuses
to know any record type.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import pyarrow as pa

from bavn.model.failure import is_ctrl_c

MEMORY_MB_DEFAULT: Final = 768
THREADS_DEFAULT: Final = 1


class TooMuch(Exception):
    """The lines do not fit in the engine's memory. Nobody must act: parse fewer at once."""


class Malformed(Exception):
    """A statement met a value that it cannot read. Nobody must act: read with care."""


class Engine:
    """One locked DuckDB. Not for two threads at once; cheap to keep, some milliseconds to make. After a fault that it
    cannot go on from it is made anew: what formats remembered in it is gone then."""

    def __init__(self, memory_mb: int = MEMORY_MB_DEFAULT, threads: int = THREADS_DEFAULT) -> None:
        import duckdb

        self._full, self._unread = duckdb.OutOfMemoryException, duckdb.InvalidInputException
        self._fatal, self._error = (duckdb.FatalException, duckdb.InternalException), duckdb.Error
        self._memory_mb, self._threads = memory_mb, threads
        self._defined: list[str] = []
        self._locked = False
        self._connect = duckdb.connect
        self._db = self._opened()

    def _opened(self) -> Any:
        db = self._connect(":memory:", config={"threads": self._threads})
        for setting in (
            f"memory_limit = '{self._memory_mb}MB'",
            "temp_directory = ''",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "python_enable_replacements = false",
            "arrow_lossless_conversion = true",
            "TimeZone = 'UTC'",
            "enable_external_access = false",
        ):
            db.execute(f"SET {setting}")
        return db

    def lock(self) -> None:
        """No setting changes from here on."""
        self._locked = True
        self._db.execute("SET lock_configuration = true")

    def define(self, statements: str) -> None:
        """Run our own definitions (macros, tables), separated by semicolons."""
        self._defined.append(statements)
        self._db.execute(statements)

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """The engine's errors by what is to be done about them."""
        try:
            yield
        except self._full as error:
            raise TooMuch(str(error)) from error
        except self._unread as error:
            raise Malformed(str(error)) from error
        except self._fatal:
            self._begin_anew()
            raise
        except RuntimeError as error:
            if is_ctrl_c(error):
                raise KeyboardInterrupt from error
            raise

    def _begin_anew(self) -> None:
        with suppress(self._error):
            self._db.close()
        self._db = self._opened()
        for statements in self._defined:
            self._db.execute(statements)
        if self._locked:
            self._db.execute("SET lock_configuration = true")

    @contextmanager
    def whole_or_not(self) -> Iterator[None]:
        """What is remembered within is remembered, or nothing of it where something fails."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(self._error):
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """A statement without result. Raises TooMuch, Malformed."""
        with self._errors_named():
            self._db.execute(sql, parameters)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows as Python values. Raises TooMuch, Malformed."""
        with self._errors_named():
            return list(self._db.execute(sql, parameters).fetchall())

    def arrow(self, sql: str) -> pa.Table:
        """All rows as an Arrow table, DuckDB's own types kept. Raises TooMuch, Malformed."""
        with self._errors_named():
            return self._db.sql(sql).to_arrow_table()

    def lend(self, name: str, table: pa.Table) -> None:
        """SQL knows ``table`` under ``name`` until it is taken back."""
        self._db.register(name, table)

    def take_back(self, name: str) -> None:
        self._db.unregister(name)

    def let_go(self, *, tables: Sequence[str], lent: str) -> None:
        """Whatever happened: scratch tables that may be there, and what was lent. Raises nothing."""
        for table in tables:
            with suppress(self._error):
                self._db.execute(f"DROP TABLE IF EXISTS {table}")
        with suppress(self._error):
            self._db.unregister(lent)

    def close(self) -> None:
        self._db.close()
