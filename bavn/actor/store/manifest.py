"""The manifest: SQLite's word on which segments are the history, and how far each source has been read.

Nothing is part of the history unless it is listed here, and a batch's segments are listed in the same transaction as
its mark: so a crash at any moment leaves all of it or nothing. Refuses to open the files it lists.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bavn.actor.store.faults import ManifestLost, StoreBroken
from bavn.actor.store.segments.segment import Segment, layout, layout_text
from bavn.model.moment import HOUR_US

FILE: Final = "manifest.sqlite"
VERSION: Final = 2
_SCHEMA = """
CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, raw TEXT NOT NULL, hour INTEGER, span INTEGER NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, crc32 INTEGER NOT NULL, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, layout TEXT NOT NULL, of INTEGER) STRICT;
CREATE INDEX segment_span ON segment (last_us, first_us);
CREATE TABLE segment_hour (
    segment INTEGER NOT NULL REFERENCES segment (id) ON DELETE CASCADE, hour INTEGER NOT NULL, rows INTEGER NOT NULL,
    PRIMARY KEY (segment, hour)) STRICT, WITHOUT ROWID;
CREATE TABLE layout (name TEXT PRIMARY KEY, tbl TEXT NOT NULL, columns TEXT NOT NULL) STRICT;
CREATE TABLE mark (source TEXT PRIMARY KEY, mark TEXT NOT NULL) STRICT;
CREATE TABLE refused (
    source TEXT NOT NULL, tbl TEXT NOT NULL, reason TEXT NOT NULL, rows INTEGER NOT NULL,
    PRIMARY KEY (source, tbl, reason)) STRICT, WITHOUT ROWID;
CREATE TABLE dropped (id INTEGER PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, era INTEGER NOT NULL) STRICT;
CREATE TABLE forgotten (tbl TEXT PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, tbl TEXT NOT NULL, rows INTEGER NOT NULL, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, why TEXT NOT NULL) STRICT;
CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""
_FIELDS = "id, tbl, raw, hour, span, rows, bytes, crc32, first_us, last_us, layout, of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A segment that was taken out of the history, and why."""

    segment: Segment
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Everything that becomes true at once. ``marks`` by source. ``refused`` counts rows by (source, table,
    reason), ``forgotten`` (rows, bytes) by table, ``layouts`` gives (table, columns) by name."""

    add: Sequence[Segment] = ()
    drop: Sequence[Segment] = ()
    damaged: Sequence[Damaged] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    forgotten: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    layouts: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The segments that overlap a span, and what goes with them; ``layouts`` gives the columns of each layout,
    ``damaged`` how many segments were ever taken out."""

    era: int
    segments: tuple[Segment, ...]
    layouts: Mapping[str, str]
    known_from_us: int | None
    damaged: int = 0


class Manifest:
    """One connection to it. Threads may share one; a second writer is kept out by the store's lock file."""

    def __init__(self, root: Path, *, read_only: bool, lasting: bool = True) -> None:
        """``lasting``: what is committed outlives a power cut."""
        self._file, self._lasting = root / FILE, lasting
        self._lock = threading.RLock()
        if not read_only:
            with contextlib.suppress(OSError):  # connecting says why
                self._file.touch(mode=0o600)
        with self._understood():
            self._db = sqlite3.connect(
                f"{self._file.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=30.0,
            )
            try:
                self._begin_using(read_only)
            except BaseException:
                self._db.close()
                raise

    def _begin_using(self, read_only: bool) -> None:
        self._db.execute("PRAGMA foreign_keys = ON")
        if not read_only:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA synchronous = {'FULL' if self._lasting else 'OFF'}")
            if self._number("PRAGMA user_version") == 0:
                self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        version = self._number("PRAGMA user_version")
        if version != VERSION:
            raise StoreBroken(
                f"{self._file} is of version {version} and this program reads version {VERSION}: "
                "use the version of Bavn that wrote it, or a newer one"
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def check(self) -> None:
        """Read all of it. StoreBroken if SQLite finds it damaged."""
        with self._understood():
            said = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise ManifestLost(self._rebuild_words(said))

    @contextmanager
    def _understood(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                if "disk image is malformed" in str(error):
                    raise ManifestLost(self._rebuild_words(error)) from error
                raise StoreBroken(f"{self._file} cannot be used ({error}): see to the disk and its rights") from error
            except sqlite3.ProgrammingError:
                raise  # the store was closed: its user's fault, not the disk's
            except sqlite3.DatabaseError as error:
                raise ManifestLost(self._rebuild_words(error)) from error

    def _rebuild_words(self, error: object) -> str:
        return (
            f"{self._file} is damaged ({error}): stop the node and make it again from the segments, which say of "
            "themselves what they are (bavn node store rebuild, or the node's next start; docs/store.md, When something"
            " is damaged)"
        )

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        with self._understood():
            self._db.execute(f"BEGIN {kind}")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _number(self, sql: str, *values: object) -> int:
        row = self._db.execute(sql, values).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    # What it knows.

    @property
    def next_id(self) -> int:
        """The first segment number that no segment ever had."""
        with self._understood():
            return self._number("SELECT seq FROM sqlite_sequence WHERE name = 'segment'") + 1

    def fact(self, name: str) -> int | None:
        with self._understood():
            row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    @property
    def era(self) -> int:
        return self.fact("era") or 0

    @property
    def forgotten_before_hour(self) -> int:
        return self.fact("forgotten_before_hour") or 0

    @property
    def known_from_us(self) -> int | None:
        """The oldest moment the store still knows; None while it knows nothing."""
        since = self.fact("known_from_us")
        return None if since is None else max(since, self.forgotten_before_hour * HOUR_US)

    def marks(self) -> dict[str, str]:
        with self._understood():
            return dict(self._db.execute("SELECT source, mark FROM mark ORDER BY source"))

    def mark(self, source: str) -> str | None:
        with self._understood():
            row = self._db.execute("SELECT mark FROM mark WHERE source = ?", (source,)).fetchone()
        return None if row is None else str(row[0])

    def segments(self, where: str = "TRUE", values: Sequence[object] = ()) -> list[Segment]:
        """Segments in order of their number; ``where`` is SQL of our own over the segment table."""
        with self._transaction("DEFERRED"):
            return self._segments(where, values)

    def snapshot(self, first_us: int, last_us: int) -> Snapshot:
        """What holds at one moment for first_us <= ts < last_us."""
        with self._transaction("DEFERRED"):
            return Snapshot(
                era=self._number("SELECT value FROM fact WHERE name = 'era'"),
                segments=tuple(self._segments("last_us >= ? AND first_us < ?", (first_us, last_us))),
                layouts=self.layouts(),
                known_from_us=self.known_from_us,
                damaged=self._number("SELECT count(*) FROM damaged"),
            )

    def _segments(self, where: str, values: Sequence[object]) -> list[Segment]:
        records = self._db.execute(f"SELECT {_FIELDS} FROM segment WHERE {where} ORDER BY id", values).fetchall()
        hours: dict[int, list[tuple[int, int]]] = {}
        for number, hour, rows in self._db.execute(
            f"""SELECT segment, hour, rows FROM segment_hour
            WHERE segment IN (SELECT id FROM segment WHERE (hour IS NULL OR span > 1) AND ({where}))
            ORDER BY segment, hour""",
            values,
        ):
            hours.setdefault(number, []).append((hour, rows))
        return [
            Segment(
                id=i,
                table=table,
                raw=raw,
                hour=hour,
                span=span,
                rows=rows,
                bytes=size,
                crc32=crc,
                first_us=first,
                last_us=last,
                layout=made_us,
                of=of,
                hours=tuple(hours.get(i, ())),
            )
            for i, table, raw, hour, span, rows, size, crc, first, last, made_us, of in records
        ]

    def micro_count(self, table: str) -> int:
        with self._understood():
            return self._number("SELECT count(*) FROM segment WHERE tbl = ? AND hour IS NULL", table)

    def layouts(self) -> dict[str, str]:
        """The columns of every layout that was ever written, by name."""
        with self._understood():
            return dict(self._db.execute("SELECT name, columns FROM layout"))

    def dropped(self, era: int | None = None) -> list[tuple[int, str, int]]:
        """(number, file name, bytes) of what waits to be deleted, the oldest first."""
        with self._understood():
            return self._db.execute(
                "SELECT id, name, bytes FROM dropped WHERE era = coalesce(?, era) ORDER BY id", (era,)
            ).fetchall()

    def counts(self, table: str) -> list[tuple[object, ...]]:
        """All rows of ``refused``, ``forgotten`` or ``damaged``, in order."""
        with self._understood():
            return self._db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()

    # What changes it.

    def commit(self, change: Change) -> None:
        """Make all of a change true, for good. StoreBroken if SQLite cannot; then nothing of it is true."""
        with self._transaction("IMMEDIATE"):
            era = self._number("SELECT value FROM fact WHERE name = 'era'")
            for segment in change.add:
                self._add(segment)
            self._db.executemany(
                "INSERT OR IGNORE INTO layout VALUES (?, ?, ?)",
                [(name, table, columns) for name, (table, columns) in sorted(change.layouts.items())],
            )
            gone = [*change.drop, *(damaged.segment for damaged in change.damaged)]
            self._db.executemany("DELETE FROM segment WHERE id = ?", [(segment.id,) for segment in gone])
            self._db.executemany(
                "INSERT INTO dropped VALUES (?, ?, ?, ?)", [(s.id, s.name, s.bytes, era) for s in change.drop]
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO damaged VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        d.segment.id,
                        d.segment.name,
                        d.segment.table,
                        d.segment.rows,
                        d.segment.first_us,
                        d.segment.last_us,
                        d.why,
                    )
                    for d in change.damaged
                ],
            )
            self._db.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", sorted(change.marks.items()))
            self._db.executemany(
                "INSERT INTO refused VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
                [(*key, rows) for key, rows in sorted(change.refused.items())],
            )
            self._db.executemany(
                """INSERT INTO forgotten VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET rows = rows + excluded.rows, bytes = bytes + excluded.bytes""",
                [(table, rows, size) for table, (rows, size) in sorted(change.forgotten.items())],
            )
            self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", sorted(change.facts.items()))

    def _add(self, segment: Segment) -> None:
        self._db.execute(
            f"INSERT INTO segment ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                segment.id,
                segment.table,
                segment.raw,
                segment.hour,
                segment.span,
                segment.rows,
                segment.bytes,
                segment.crc32,
                segment.first_us,
                segment.last_us,
                segment.layout,
                segment.of,
            ),
        )
        self._db.executemany(
            "INSERT INTO segment_hour VALUES (?, ?, ?)", [(segment.id, hour, rows) for hour, rows in segment.hours]
        )
        if segment.layout == layout(segment.table):
            known = (segment.layout, segment.table, layout_text(segment.table))
            self._db.execute("INSERT OR IGNORE INTO layout VALUES (?, ?, ?)", known)

    def turn(self, era: int) -> None:
        """What was dropped in this era is deleted; the era begins anew."""
        with self._transaction("IMMEDIATE"):
            self._db.execute("DELETE FROM dropped WHERE era = ?", (era,))
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('era', ?)", (era,))
