"""The popularity and warning lists for a guard: made once by a child process, then only asked in a file.

Reading them takes a second and leaves 80 MB behind in the process that does it, and a guard has no library of columns.
A node that watches needs them all day and has the room; a guard looks up a value now and then. Refuses to know what
the lists say.
"""

import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bavn.model.intel.grades import ADDRESS_LISTS, NAME_LISTS, Grade, Ranges, entries, plain, spellings
from bavn.model.tied import tied

MAKE_S_MAX: Final = 600.0
_PACKAGE: Final = "pymispwarninglists"
_MARK: Final = 1
_SCHEMA: Final = """
CREATE TABLE name (name TEXT PRIMARY KEY, grade INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE span (grade INTEGER, first BLOB, last BLOB NOT NULL, PRIMARY KEY (grade, first)) STRICT, WITHOUT ROWID;
"""


class Kept:
    """``folder``: where the file is kept. Made and opened at the first question; from any thread. Where it cannot be
    kept, or is not whole, the lists are read into memory: some 40 MB."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def name_grade(self, name: str) -> Grade:
        """The highest grade of the name or of a parent down to its registered domain."""
        names = spellings(name)
        return self._grade_by(f"SELECT max(grade) FROM name WHERE name IN ({', '.join('?' * len(names))})", names)

    def address_grade(self, address: int) -> Grade:
        """The grade of an address in its stored 128-bit form."""
        number = address.to_bytes(16)
        return self._grade_by("SELECT max(grade) FROM span WHERE first <= ? AND last >= ?", (number, number))

    def close(self) -> None:
        """Lets go of the file; the next question opens it anew."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _grade_by(self, sql: str, given: Sequence[object]) -> Grade:
        with self._lock:
            if self._opened is None:
                self._opened = self._from_file() or _in_memory()
            try:
                rows = self._opened.execute(sql, given).fetchall()
            except sqlite3.DatabaseError:  # it was damaged further in than its head
                self._let_go()
                self._opened = _in_memory()
                rows = self._opened.execute(sql, given).fetchall()
        return Grade(rows[0][0] or 0)

    def _from_file(self) -> sqlite3.Connection | None:
        try:
            connection = sqlite3.connect(f"{self._made().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        except (OSError, ValueError, subprocess.SubprocessError, sqlite3.Error):
            return None
        try:
            if connection.execute("PRAGMA user_version").fetchone() == (_MARK,):
                return connection
        except sqlite3.DatabaseError:
            pass
        connection.close()
        return None

    def _made(self) -> Path:
        file = self._folder.absolute() / f"known-{version(_PACKAGE)}.db"
        if not file.exists():
            for old in self._folder.glob("known-*"):
                old.unlink()
            subprocess.run(
                tied([sys.executable, "-P", "-m", __spec__.name, file]),
                check=True,
                timeout=MAKE_S_MAX,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        return file


def write(names: Mapping[Grade, Iterable[str]], addresses: Mapping[Grade, Iterable[str]], file: Path) -> None:
    """Names and networks by grade, each name with its highest. Whole or not at all."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        _fill(connection, names, addresses)
    fresh.rename(file)


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _fill(connection, *_shipped())
    return connection


def _fill(
    connection: sqlite3.Connection, names: Mapping[Grade, Iterable[str]], addresses: Mapping[Grade, Iterable[str]]
) -> None:
    connection.execute("PRAGMA journal_mode = OFF")
    connection.executescript(_SCHEMA)
    connection.execute("BEGIN")
    for grade in sorted(names):
        rows = ((plain(name), grade.value) for name in names[grade])
        connection.executemany("INSERT OR REPLACE INTO name VALUES (?, ?)", rows)
    for grade, cidrs in addresses.items():
        spans = zip(*Ranges(cidrs).spans, strict=True)
        stored = ((grade.value, first.to_bytes(16), last.to_bytes(16)) for first, last in spans)
        connection.executemany("INSERT INTO span VALUES (?, ?, ?)", stored)
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA user_version = {_MARK}")


def _shipped() -> tuple[dict[Grade, Iterable[str]], dict[Grade, Iterable[str]]]:
    named = (NAME_LISTS, ADDRESS_LISTS)
    names, addresses = ({grade: _all(lists) for grade, lists in some.items()} for some in named)
    return names, addresses


def _all(lists: Iterable[str]) -> Iterable[str]:
    for name in lists:
        yield from entries(name)


if __name__ == "__main__":
    write(*_shipped(), Path(sys.argv[1]))
