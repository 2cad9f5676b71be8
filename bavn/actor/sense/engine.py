"""The engine that parses: a DuckDB in memory that can open nothing, shared over the batches of a source.

Lines come in as Arrow columns and go out as Arrow columns; the engine itself reads and writes no file, loads no
extension, and cannot be unlocked. DuckDB is loaded when the first is made: a node without sources needs none. Refuses
to know any record type.
"""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

MEMORY_MB_DEFAULT: Final = 768
THREADS_DEFAULT: Final = 1


class TooMuch(Exception):
    """The lines do not fit in the engine's memory. Nobody must act: parse fewer at once."""


class Malformed(Exception):
    """A statement met a value that it cannot read. Nobody must act: read with care."""


class Engine:
    """One locked DuckDB. Not for two threads at once; cheap to keep, some milliseconds to make."""

    def __init__(self, memory_mb: int = MEMORY_MB_DEFAULT, threads: int = THREADS_DEFAULT) -> None:
        import duckdb

        self._full, self._unread = duckdb.OutOfMemoryException, duckdb.InvalidInputException
        self._db = duckdb.connect(":memory:", config={"threads": threads})
        for setting in (
            f"memory_limit = '{memory_mb}MB'",
            "temp_directory = ''",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "python_enable_replacements = false",
            "arrow_lossless_conversion = true",
            "TimeZone = 'UTC'",
            "enable_external_access = false",
        ):
            self._db.execute(f"SET {setting}")

    def lock(self) -> None:
        """No setting changes from here on."""
        self._db.execute("SET lock_configuration = true")

    def define(self, statements: str) -> None:
        """Run our own definitions (macros, tables), separated by semicolons."""
        self._db.execute(statements)

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """A statement without result. Raises TooMuch, Malformed."""
        try:
            self._db.execute(sql, parameters)
        except self._full as error:
            raise TooMuch(str(error)) from error
        except self._unread as error:
            raise Malformed(str(error)) from error

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows as Python values. Raises TooMuch."""
        try:
            return self._db.execute(sql, parameters).fetchall()
        except self._full as error:
            raise TooMuch(str(error)) from error

    def arrow(self, sql: str) -> pa.Table:
        """All rows as an Arrow table, DuckDB's own types kept. Raises TooMuch."""
        try:
            return self._db.sql(sql).to_arrow_table()
        except self._full as error:
            raise TooMuch(str(error)) from error

    def lend(self, name: str, table: pa.Table) -> None:
        """SQL knows ``table`` under ``name`` until it is taken back."""
        self._db.register(name, table)

    def take_back(self, name: str) -> None:
        self._db.unregister(name)

    def close(self) -> None:
        self._db.close()
