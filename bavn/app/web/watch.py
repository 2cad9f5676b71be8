"""What changed in a database or a book that another process writes, by topics: cheap while nothing moves.

A marker is looked at first (SQLite: PRAGMA data_version on a connection of its own; PostgreSQL: the newest
transaction), and only when it moved each topic's own mark. Refuses to read what changed.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text

from bavn.centre.books import marks as books
from bavn.centre.cases import marks as cases
from bavn.centre.members import marks as members
from bavn.centre.publish import marks as publish
from bavn.centre.share import marks as share
from bavn.centre.store.engine import reading
from bavn.centre.store.marker import Marker
from bavn.wire.book import read_only

_ROOMS: Final = (books.MARKS, cases.MARKS, members.MARKS, publish.MARKS, share.MARKS)
CENTRE_TOPICS: Final[dict[str, tuple[str, ...]]] = {
    topic: tuple(question for room in _ROOMS for question in room.get(topic, ()))
    for topic in sorted({topic for room in _ROOMS for topic in room})
}
"""Topic -> the rooms' questions, whose answers together are its mark."""
_CAME: Final = {
    "sqlite": "SELECT max(rowid) FROM {}",
    "postgresql": "SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relname = '{}'",
}
ROWS_WHOLE_MAX: Final = 2000
"""A table of a book with so many rows or fewer is marked by all that stands in it, a longer one by its length and
its last row."""


class CentreWatch:
    """Of the centre's database. ``topics``: topic -> its questions."""

    def __init__(self, engine: Engine, topics: Mapping[str, tuple[str, ...]] = CENTRE_TOPICS) -> None:
        self._engine = engine
        self._topics = topics
        self._look = Marker(engine)
        self._marker: object = None
        self._marks: dict[str, object] = {}

    def moved(self) -> frozenset[str]:
        marker = self._look.now()
        if marker == self._marker:
            return frozenset()
        with reading(self._engine) as connection:
            marks = {topic: self._mark(connection, asked) for topic, asked in self._topics.items()}
        known = self._marker is not None
        moved = frozenset(topic for topic, mark in marks.items() if mark != self._marks.get(topic)) if known else None
        self._marker, self._marks = marker, marks
        return moved or frozenset()

    def _mark(self, connection: Connection, asked: tuple[str, ...]) -> object:
        came = _CAME[self._engine.dialect.name]
        questions = (came.format(one[1:]) if one.startswith("+") else one for one in asked)
        return tuple(tuple(row) for one in questions for row in connection.execute(text(one)))

    def close(self) -> None:
        self._look.close()


class BookWatch:
    """Of a node's book, which need not be there yet. ``topics``: how a table's name begins -> its topic; the longest
    beginning counts; a table that begins like none of them is not watched."""

    def __init__(self, path: Path, topics: Mapping[str, str]) -> None:
        self._path = path
        self._topics = sorted(topics.items(), key=lambda pair: -len(pair[0]))
        self._connection: sqlite3.Connection | None = None
        self._marker: object = None
        self._marks: dict[str, str] | None = None

    def moved(self) -> frozenset[str]:
        if self._connection is None:
            if not self._path.exists():
                return frozenset()
            self._connection = read_only(self._path)
        (marker,) = self._connection.execute("PRAGMA data_version").fetchone()
        if marker == self._marker and self._marks is not None:
            return frozenset()
        marks = self._marked(self._connection)
        before, self._marker, self._marks = self._marks, marker, marks
        return (
            frozenset()
            if before is None
            else frozenset(topic for topic in marks.keys() | before.keys() if marks.get(topic) != before.get(topic))
        )

    def _marked(self, connection: sqlite3.Connection) -> dict[str, str]:
        hashed: dict[str, hashlib._Hash] = {}
        connection.execute("BEGIN")
        try:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            for (name,) in tables:
                topic = next((topic for begins, topic in self._topics if name.startswith(begins)), None)
                if topic is not None:
                    hashed.setdefault(topic, hashlib.sha256()).update(_table(connection, name))
        finally:
            connection.execute("COMMIT")
        return {topic: made.hexdigest() for topic, made in hashed.items()}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _table(connection: sqlite3.Connection, name: str) -> bytes:
    """What a table's name, length and rows (or only its last one) come to."""
    rows = connection.execute(f'SELECT * FROM "{name}" LIMIT ?', (ROWS_WHOLE_MAX + 1,)).fetchall()
    if len(rows) > ROWS_WHOLE_MAX:
        try:
            rows = connection.execute(f'SELECT max(rowid) FROM "{name}"').fetchall()
        except sqlite3.OperationalError:  # a table without rowids
            rows = connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()
    return hashlib.sha256(repr((name, rows)).encode()).digest()


class Watches:
    """Several as one; each one's topics begin with its name and a slash, where it has a name. What ``of_all`` sees
    concerns each of them."""

    def __init__(self, watches: Mapping[str, CentreWatch | BookWatch], of_all: BookWatch | None = None) -> None:
        self._watches, self._of_all = watches, of_all

    def moved(self) -> frozenset[str]:
        shared = frozenset() if self._of_all is None else self._of_all.moved()
        return frozenset(
            f"{name}/{topic}" if name else topic
            for name, watch in self._watches.items()
            for topic in watch.moved() | shared
        )

    def close(self) -> None:
        for watch in self._watches.values():
            watch.close()
        if self._of_all is not None:
            self._of_all.close()
