"""Shelves: objects of TAXII collections in a Book, each version at a place of its own in time, paged by that place.

A place is the moment of adding in microseconds, moved on where two would share one; a Book has one writer at a time, so
whoever has read up to a place misses nothing that is added later, and reads nothing twice. Refuses to know what the
objects are and who may see them.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from bavn.wire.book import Book
from bavn.wire.ledger import Asks
from bavn.wire.partners.taxii import SPEC_VERSION, Entry, Page, Wanted

_SCHEMA: Final = (
    """CREATE TABLE shelf (
        shelf TEXT NOT NULL, added_us INTEGER NOT NULL, id TEXT NOT NULL, version_us INTEGER NOT NULL,
        type TEXT NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL, body TEXT NOT NULL, until_us INTEGER,
        PRIMARY KEY (shelf, added_us)
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX shelf_version ON shelf (shelf, id, version_us)",
    "CREATE INDEX shelf_until ON shelf (until_us)",
    """CREATE TABLE shelf_last (
        shelf TEXT PRIMARY KEY, added_us INTEGER NOT NULL, objects INTEGER NOT NULL, characters INTEGER NOT NULL
    ) STRICT""",
    """CREATE TRIGGER shelf_more AFTER INSERT ON shelf BEGIN
        INSERT INTO shelf_last VALUES (new.shelf, new.added_us, 1, length(new.body)) ON CONFLICT DO UPDATE
        SET added_us = new.added_us, objects = objects + 1, characters = characters + length(new.body); END""",
    """CREATE TRIGGER shelf_less AFTER DELETE ON shelf BEGIN
        UPDATE shelf_last SET objects = objects - 1, characters = characters - length(old.body)
        WHERE shelf = old.shelf; END""",
)
_COLUMNS: Final = "o.added_us, o.id, o.version_us, o.type, o.kind, o.facts, o.body"
_OTHER: Final = "SELECT 1 FROM shelf n WHERE n.shelf = o.shelf AND n.id = o.id AND n.version_us"


ADDED_SQL: Final = "SELECT added_us FROM shelf WHERE shelf = ?"
"""When each version of a collection was added, as part of a question."""


def objects_on(book: Asks, shelf: str) -> int:
    """How many objects lie in a collection of a book, which may be another process's."""
    found = book.rows("SELECT objects FROM shelf_last WHERE shelf = ?", (shelf,))
    return int(found[0][0]) if found else 0


class Collections:
    """All methods may be called from any thread, and from several processes on the same file."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.part("shelf", 1, _SCHEMA)

    def add(
        self,
        collection: str,
        now_us: int,
        *,
        id_: str,
        version_us: int,
        type_: str,
        kind: str,
        facts: str,
        body: str,
        until_us: int | None,
    ) -> int | None:
        """Puts a version at the end; its place, or None where it stands there already. ``until_us``: when it may be
        forgotten."""
        with self.book.transaction() as tx:
            if self._there(tx, collection, id_, version_us):
                return None
            found = tx.execute("SELECT added_us FROM shelf_last WHERE shelf = ?", (collection,)).fetchone()
            added_us = max(now_us, found[0] + 1 if found else 0)
            tx.execute(
                "INSERT INTO shelf VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (collection, added_us, id_, version_us, type_, kind, facts, body, until_us),
            )
        return added_us

    def holds(self, collection: str, id_: str, version_us: int) -> bool:
        """Whether this version stands there."""
        return bool(
            self.book.rows(
                "SELECT 1 FROM shelf WHERE shelf = ? AND id = ? AND version_us = ?", (collection, id_, version_us)
            )
        )

    def size(self, shelf: str) -> tuple[int, int]:
        """How many versions stand there, and the characters of all of them."""
        found = self.book.rows("SELECT objects, characters FROM shelf_last WHERE shelf = ?", (shelf,))
        return (int(found[0][0]), int(found[0][1])) if found else (0, 0)

    def page(
        self,
        collection: str,
        query: Wanted,
        *,
        kinds: frozenset[str] | None = None,
        unless: str = "",
        given: Sequence[Any] = (),
    ) -> Page:
        """What fits, in order. ``kinds``: only of these; ``unless``: one more condition of the keeper's own, in SQL
        over ``o``, with its parameters."""
        if query.spec_versions is not None and SPEC_VERSION not in query.spec_versions:
            return Page((), more=False)
        conditions, values = ["o.shelf = ?", "o.added_us > ?"], [collection, query.after_us]
        for column, wanted in (("o.id", query.ids), ("o.type", query.types), ("o.kind", kinds)):
            if wanted is not None:
                conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += sorted(wanted)
        if "all" not in query.picks:
            conditions.append(_version_condition(query))
            values += sorted(query.versions_us)
        if unless:
            conditions.append(f"NOT ({unless})")
            values += given
        rows = self.book.rows(
            f"SELECT {_COLUMNS} FROM shelf o WHERE {' AND '.join(conditions)} ORDER BY o.added_us LIMIT ?",
            (*values, query.limit + 1),
        )
        entries = tuple(
            Entry(added_us=r[0], id=r[1], version_us=r[2], type=r[3], kind=r[4], facts=r[5], body=r[6])
            for r in rows[: query.limit]
        )
        return Page(entries, more=len(rows) > query.limit)

    def remove(self, collection: str, entries: Sequence[Entry]) -> None:
        """Takes these versions away; their places are never given again."""
        with self.book.transaction() as tx:
            tx.executemany(
                "DELETE FROM shelf WHERE shelf = ? AND added_us = ?",
                [(collection, entry.added_us) for entry in entries],
            )

    def has_kind(self, shelf: str, kind: str) -> bool:
        """Whether anything of a kind lies there."""
        return bool(self.book.rows("SELECT 1 FROM shelf WHERE shelf = ? AND kind = ? LIMIT 1", (shelf, kind)))

    def end_replaced(self, text: str, but: str, before_us: int, now_us: int) -> None:
        """What a newer version has replaced since before then ends now; not what is of kind ``but``."""
        with self.book.transaction() as tx:
            tx.execute(
                """UPDATE shelf AS o SET until_us = ?
                WHERE shelf = ? AND kind != ? AND until_us > ?
                  AND EXISTS (SELECT 1 FROM shelf n WHERE n.shelf = o.shelf AND n.id = o.id
                    AND n.version_us > o.version_us AND n.added_us < ?)""",
                (now_us, text, but, now_us, before_us),
            )

    def forget(self, before_us: int) -> int:
        """Drops what was to be kept until before that moment; how many."""
        with self.book.transaction() as tx:
            return tx.execute("DELETE FROM shelf WHERE until_us < ?", (before_us,)).rowcount

    def _there(self, tx: sqlite3.Connection, shelf: str, id_: str, version_us: int) -> bool:
        here = (shelf, id_, version_us)
        return bool(tx.execute("SELECT 1 FROM shelf WHERE shelf = ? AND id = ? AND version_us = ?", here).fetchone())


def _version_condition(wanted: Wanted) -> str:
    """Any of the versions asked for; none at all for an empty wish."""
    parts = []
    if "last" in wanted.picks:
        parts.append(f"NOT EXISTS ({_OTHER} > o.version_us)")
    if "first" in wanted.picks:
        parts.append(f"NOT EXISTS ({_OTHER} < o.version_us)")
    if wanted.versions_us:
        parts.append(f"o.version_us IN ({', '.join('?' * len(wanted.versions_us))})")
    return f"({' OR '.join(parts)})" if parts else "0"
