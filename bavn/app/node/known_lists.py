"""The popularity and warning lists as a node asks them: made once by a child process, then only asked in a file.

Reading them takes a second and leaves 80 MB behind in the process that does it. A guard asks how well known a value is
that it is to block; detectors ask more, and find it in the same file. Refuses to know what the lists say.
"""

import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bavn.model.intel.grades import (
    ADDRESS_LISTS,
    EDGE_LISTS,
    LENT_LISTS,
    NAME_LISTS,
    RESEARCH_LISTS,
    TELLER_LISTS,
    Grade,
    Ranges,
    entries,
    plain,
    spellings,
)
from bavn.model.observable import parents
from bavn.model.tied import tied

MAKE_S_MAX: Final = 600.0
_PACKAGE: Final = "pymispwarninglists"
WHOLE: Final = "-whole"
"""In the name of a file that detectors ask too."""
_MARK: Final = 2
_SCHEMA: Final = """
CREATE TABLE name (name TEXT PRIMARY KEY, grade INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE list_apart (kind INTEGER, name TEXT, PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE span (kind INTEGER, first BLOB, last BLOB NOT NULL, PRIMARY KEY (kind, first)) STRICT, WITHOUT ROWID;
"""
_LENT, _TELLER = 1, 2
_EDGE, _RESEARCH = 101, 102
"""Beside the grades, which are kinds of spans too."""
_GRADED: Final = sorted(ADDRESS_LISTS, reverse=True)


@dataclass(frozen=True, slots=True)
class Shipped:
    """What is written: names and networks by grade, and what only detectors ask for."""

    names: Mapping[Grade, Iterable[str]]
    addresses: Mapping[Grade, Iterable[str]]
    edges: Iterable[str] = ()
    research: Iterable[str] = ()
    lent: Iterable[str] = ()
    tellers: Iterable[str] = ()


class Kept:
    """``folder``: where the file is kept; ``whole``: with what detectors ask for, which a guard's package has not. Made
    and opened by ``ready``, else at the first question; from any thread. Where it cannot be kept, or is not whole, the
    lists are read into memory: some 40 MB."""

    def __init__(self, folder: Path, *, whole: bool = False) -> None:
        self._folder, self._whole, self._lock = folder, whole, threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def ready(self) -> None:
        """Makes and opens the file, which takes seconds where it is not there: else the first block would wait."""
        with self._lock:
            self._open()

    def name_grade(self, name: str) -> Grade:
        """The highest grade of the name or of a parent down to its registered domain."""
        names = spellings(name)
        rows = self._rows(f"SELECT max(grade) FROM name WHERE name IN ({_marks(names)})", names)
        return Grade(rows[0][0] or 0)

    def address_grade(self, address: int) -> Grade:
        """The grade of an address in its stored 128-bit form."""
        return next((grade for grade in _GRADED if self._spans(grade.value, address)), Grade.UNKNOWN)

    @cached_property
    def address_tellers(self) -> tuple[str, ...]:
        """Names that tell whoever asks the address he comes from."""
        rows = self._rows("SELECT name FROM list_apart WHERE kind = ? ORDER BY name", (_TELLER,))
        return tuple(name for (name,) in rows)

    def is_edge(self, address: int) -> bool:
        """True in the ranges of clouds and content networks: many customers behind one address."""
        return self._spans(_EDGE, address)

    def is_lent(self, name: str) -> bool:
        """True for a name under a domain of dynamic DNS: anybody takes one within a minute, for nothing."""
        names = [name, *parents(name)][:-1]
        asked = f"SELECT 1 FROM list_apart WHERE kind = ? AND name IN ({_marks(names)}) LIMIT 1"
        return bool(self._rows(asked, (_LENT, *names)))

    def is_research_scanner(self, address: int) -> bool:
        """True in the ranges of those who scan the whole internet and say so."""
        return self._spans(_RESEARCH, address)

    def _spans(self, kind: int, address: int) -> bool:
        """Whether a network of the kind holds it: no two of them meet, so that only the last before it can."""
        number = address.to_bytes(16)
        rows = self._rows(
            "SELECT last >= ? FROM span WHERE kind = ? AND first <= ? ORDER BY first DESC LIMIT 1",
            (number, kind, number),
        )
        return bool(rows and rows[0][0])

    def close(self) -> None:
        """Lets go of the file; the next question opens it anew."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _rows(self, sql: str, given: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._open().execute(sql, given).fetchall()
            except sqlite3.DatabaseError:  # it was damaged further in than its head
                self._let_go()
                self._opened = _in_memory(whole=self._whole)
                return self._opened.execute(sql, given).fetchall()

    def _open(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = self._from_file() or _in_memory(whole=self._whole)
        return self._opened

    @property
    def file(self) -> Path:
        """Where the file is, or will be."""
        return self._folder.absolute() / file_name(whole=self._whole)

    def _from_file(self) -> sqlite3.Connection | None:
        try:
            self.make()
            connection = sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True, check_same_thread=False)
        except (OSError, ValueError, subprocess.SubprocessError, sqlite3.Error):
            return None
        try:
            if connection.execute("PRAGMA user_version").fetchone() == (_MARK,):
                return connection
        except sqlite3.DatabaseError:
            pass
        connection.close()
        return None

    def make(self) -> None:
        """Makes the file, unless it is there. OSError, SubprocessError."""
        if not self.file.exists():
            for old in self._folder.glob("known-*"):
                old.unlink()
            try:
                subprocess.run(
                    tied([sys.executable, "-P", "-m", __spec__.name, self.file, *([WHOLE] if self._whole else ())]),
                    check=True,
                    timeout=MAKE_S_MAX,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            finally:
                _fresh(self.file).unlink(missing_ok=True)  # on a full disk it would keep it full


def file_name(*, whole: bool) -> str:
    """Another one for other lists, and for other tables of them."""
    return f"known-{version(_PACKAGE)}-{_MARK}{WHOLE if whole else ''}.db"


def write(lists: Shipped, file: Path) -> None:
    """Each name with its highest grade. Whole or not at all."""
    fresh = _fresh(file)
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        _fill(connection, lists)
    fresh.rename(file)


def _fresh(file: Path) -> Path:
    return file.with_name(file.name + ".new")


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _in_memory(*, whole: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _fill(connection, _shipped(whole=whole))
    return connection


def _fill(connection: sqlite3.Connection, lists: Shipped) -> None:
    connection.execute("PRAGMA journal_mode = OFF")
    connection.executescript(_SCHEMA)
    connection.execute("BEGIN")
    for grade in sorted(lists.names):
        graded = ((plain(name), grade.value) for name in lists.names[grade])
        connection.executemany("INSERT OR REPLACE INTO name VALUES (?, ?)", graded)
    for kind, names in ((_LENT, map(plain, lists.lent)), (_TELLER, lists.tellers)):
        connection.executemany("INSERT OR REPLACE INTO list_apart VALUES (?, ?)", ((kind, name) for name in names))
    networks = {grade.value: some for grade, some in lists.addresses.items()}
    for kind, cidrs in (networks | {_EDGE: lists.edges, _RESEARCH: lists.research}).items():
        spans = zip(*Ranges(cidrs).spans, strict=True)
        stored = ((kind, first.to_bytes(16), last.to_bytes(16)) for first, last in spans)
        connection.executemany("INSERT INTO span VALUES (?, ?, ?)", stored)
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA user_version = {_MARK}")


def _shipped(*, whole: bool) -> Shipped:
    named = (NAME_LISTS, ADDRESS_LISTS)
    names, addresses = ({grade: _all(lists) for grade, lists in some.items()} for some in named)
    if not whole:
        return Shipped(names, addresses)
    return Shipped(names, addresses, _all(EDGE_LISTS), _all(RESEARCH_LISTS), _all(LENT_LISTS), _all(TELLER_LISTS))


def _all(lists: Iterable[str]) -> Iterable[str]:
    for name in lists:
        yield from entries(name)


if __name__ == "__main__":
    write(_shipped(whole=WHOLE in sys.argv[2:]), Path(sys.argv[1]))
