"""The ledger: exactly one line for each item that met a gate, with outcome and reason, chained by hashes.

Lines are only ever added (triggers refuse anything else) and each holds the hash of the one before, so that a line that
was changed, dropped or slipped in shows at the first place where the chain does not fit. Old lines move into closed
parts (archive.py) that reading goes over as if they were here. Its owner can read it while the node runs. Refuses to
judge: it writes what the gate tells it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import rfc8785

from bavn.model.failure import writable
from bavn.model.outcome import Refused, Verdict
from bavn.model.text import Text
from bavn.wire import archive
from bavn.wire.archive import ArchiveBroken, may_hold, sieve
from bavn.wire.book import Book, read_only

GENESIS: Final = "0" * 64
SUMMARY_CHARACTERS_MAX: Final = 16_384
LINES_PER_READ_MAX: Final = 10_000
PART_LINES_MAX: Final = 10_000
PART_BYTES_MAX: Final = 16 << 20
LINE_BYTES: Final = 500
"""About what a line takes beside its summary."""
_SIZE: Final = f"{LINE_BYTES} + length(summary)"
_DOMAIN: Final = b"bavn/ledger/1\x00"

_SCHEMA = (
    """CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, gate TEXT NOT NULL, way TEXT NOT NULL, kind TEXT NOT NULL,
        item_id TEXT NOT NULL, peer TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'refused')),
        rule TEXT NOT NULL, reason TEXT NOT NULL, privacy TEXT NOT NULL, bytes INTEGER NOT NULL,
        summary TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX ledger_kind ON ledger (kind, seq)",
    "CREATE INDEX ledger_item ON ledger (item_id)",
    """CREATE TRIGGER ledger_keep_lines BEFORE DELETE ON ledger
       BEGIN SELECT RAISE(ABORT, 'a ledger line is never deleted'); END""",
    """CREATE TRIGGER ledger_keep_words BEFORE UPDATE ON ledger
       BEGIN SELECT RAISE(ABORT, 'a ledger line is never changed'); END""",
)

_ARCHIVE_SCHEMA = (
    """CREATE TABLE ledger_closed (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, hash TEXT NOT NULL, items BLOB NOT NULL
    ) STRICT""",
    """CREATE TRIGGER ledger_closed_stay BEFORE DELETE ON ledger_closed
       BEGIN SELECT RAISE(ABORT, 'a closed part is never forgotten'); END""",
    """CREATE TRIGGER ledger_closed_same BEFORE UPDATE ON ledger_closed
       BEGIN SELECT RAISE(ABORT, 'a closed part is never changed'); END""",
    "DROP TRIGGER ledger_keep_lines",
    """CREATE TRIGGER ledger_keep_lines BEFORE DELETE ON ledger
       WHEN NOT EXISTS (SELECT 1 FROM ledger_closed WHERE OLD.seq BETWEEN first AND last)
       BEGIN SELECT RAISE(ABORT, 'a ledger line is never deleted'); END""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a gate says about an item. ``item_id``: sha256 hex. ``peer``: who it came from or goes to. ``privacy``: the
    classes of what crossed, ``bytes`` its size, ``summary`` its very body (planes: length and digest)."""

    kind: str
    item_id: str
    peer: str
    privacy: str = ""
    bytes: int = 0
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. ``rule`` and ``reason`` (a row of Text) are empty when the item passed; ``hash`` covers all other
    fields."""

    seq: int
    at_us: int
    gate: str
    way: str
    kind: str
    item_id: str
    peer: str
    verdict: Verdict
    rule: str
    reason: str
    privacy: str
    bytes: int
    summary: str
    prev: str
    hash: str

    @property
    def why(self) -> Text | None:
        """Why it was refused; None when it passed."""
        return Text.of_row(self.reason) if self.reason else None

    def expected_hash(self) -> str:
        """The hash that this line must carry."""
        said = asdict(self)
        del said["hash"]
        return hashlib.sha256(_DOMAIN + rfc8785.dumps(said)).hexdigest()


@dataclass(frozen=True, slots=True)
class BadLine:
    """The first place where the chain does not hold."""

    seq: int
    reason: str


class Asks(Protocol):
    """What reading needs: a Book, or the eyes of another process (``look_on``)."""

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]: ...


def refusals_about(book: Asks, peer: str, kind: str, lines_max: int) -> list[tuple[str, str]]:
    """(rule, reason) of what was refused about a peer among the newest so many lines of a kind."""
    sql = """SELECT rule, reason
        FROM (SELECT peer, verdict, rule, reason FROM ledger WHERE kind = ? ORDER BY seq DESC LIMIT ?)
        WHERE peer = ? AND verdict = 'refused'"""
    return [(str(rule), str(reason)) for rule, reason in book.rows(sql, (kind, lines_max, peer))]


class _OtherProcess:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()


_PIECE_LINES: Final = 1000
_NAMES: Final = tuple(field.name for field in fields(Line))
_COLUMNS: Final = ", ".join(_NAMES)
_MARKS: Final = ", ".join("?" for _ in _NAMES)


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed part: its first and last line, the hash of the last, and a sieve of its items (archive.sieve)."""

    first: int
    last: int
    hash: str
    items: bytes


class LedgerReader:
    """Asks a ledger, closed parts and all; changes nothing. What reads closed parts raises ArchiveBroken."""

    def __init__(self, book: Asks, folder: Path | None = None) -> None:
        self._asks, self._folder = book, folder

    def lines(
        self,
        after: int = 0,
        *,
        kind: str | None = None,
        verdict: Verdict | None = None,
        gate: str | None = None,
        item_id: str | None = None,
        peer: str | None = None,
        limit: int = 1000,
    ) -> list[Line]:
        """Lines with seq > ``after`` that fit all that is given, ascending, at most ``limit`` (10,000 at the most)."""
        wanted = {"kind": kind, "verdict": verdict, "gate": gate, "item_id": item_id, "peer": peer}
        given = {name: value for name, value in wanted.items() if value is not None}
        limit = max(0, min(limit, LINES_PER_READ_MAX))
        lines: list[Line] = []
        closed = self.closed(after)
        for part in closed:
            if len(lines) >= limit:
                break
            if item_id is None or may_hold(part.items, item_id):
                fits = (
                    line
                    for line in self.part(part)
                    if line.seq > after and all(getattr(line, name) == value for name, value in given.items())
                )
                lines += islice(fits, limit - len(lines))
        live = self._live(max(after, closed[-1].last if closed else 0), given, limit - len(lines))
        if self.closed(after) != closed:  # lines were moved meanwhile
            return self.lines(after, kind=kind, verdict=verdict, gate=gate, item_id=item_id, peer=peer, limit=limit)
        return lines + live

    def every(self) -> Iterator[Line]:
        """All lines, in order, read piece by piece."""
        after = 0
        while True:
            for part in self.closed(after):
                yield from (line for line in self.part(part) if line.seq > after)
                after = part.last
            piece = self._live(after, {}, 1000)
            if (not piece or piece[0].seq != after + 1) and self.closed(after):
                continue
            if not piece:
                return
            yield from piece
            after = piece[-1].seq

    def newest(self, limit: int, fits: Callable[[Line], bool] = lambda _: True) -> list[Line]:
        """The last lines that fit, ascending, at most ``limit``; closed parts are opened while there are too few."""
        first = max((part.last for part in self.closed()), default=0)
        live = self._live(first, {}, -1)
        lines = [line for line in live if fits(line)][-limit:]
        before = live[0].seq if live else first + 1
        for part in reversed(self.closed()):
            if len(lines) >= limit:
                break
            older = [line for line in self.part(part) if line.seq < before and fits(line)]
            lines = older[len(lines) - limit :] + lines
            before = part.first
        return lines

    def before(
        self, seq: int | None, limit: int, fits: Callable[[Line], bool] = lambda _: True, *, looked_max: int = 100_000
    ) -> tuple[list[Line], int]:
        """Lines below ``seq`` (None: from the end) that fit, the newest first, at most ``limit``, and below which line
        to go on (0: that is all). At most about ``looked_max`` lines are looked through, so a page may be short."""
        at = self.head()[0] + 1 if seq is None else seq
        lines: list[Line] = []
        looked = 0
        while at > 1 and looked < looked_max:
            piece = self._piece_below(at)
            if not piece:
                return lines, 0
            for line in piece:
                at, looked = line.seq, looked + 1
                if fits(line):
                    lines.append(line)
                    if len(lines) == limit:
                        return lines, at if at > 1 else 0
        return lines, at if at > 1 else 0

    def back_to(self, since_us: int) -> Iterator[Line]:
        """Lines written since then, the newest first."""
        at = self.head()[0] + 1
        while at > 1:
            piece = self._piece_below(at)
            for line in piece:
                if line.at_us < since_us:
                    return
                at = line.seq
                yield line
            if not piece:
                return

    def _piece_below(self, seq: int) -> list[Line]:
        """The next lines below one, descending: of the book itself, else of the closed part that holds them."""
        live = self._asks.rows(
            f"SELECT {_COLUMNS} FROM ledger WHERE seq < ? ORDER BY seq DESC LIMIT ?", (seq, _PIECE_LINES)
        )
        if live:
            return [Line(**dict(zip(_NAMES, row, strict=True))) for row in live]
        part = next((one for one in reversed(self.closed()) if one.first < seq), None)
        return [] if part is None else [line for line in self.part(part) if line.seq < seq][::-1]

    def verify(self) -> BadLine | None:
        """Walks the whole chain, closed parts and all; None when it holds."""
        prev, seq = GENESIS, 0
        try:
            for line in self.every():
                if line.seq != seq + 1:
                    return BadLine(line.seq, f"line {seq + 1} is missing")
                if line.prev != prev:
                    return BadLine(line.seq, "does not follow the line before it")
                if line.hash != line.expected_hash():
                    return BadLine(line.seq, "was changed after it was written")
                prev, seq = line.hash, line.seq
        except ArchiveBroken as error:
            return BadLine(seq + 1, f"lies in a closed part that cannot be used: {error}")
        return None

    def head(self) -> tuple[int, str]:
        """Seq and hash of the last line: kept elsewhere, it also shows that lines were cut off at the end."""
        found = self._asks.rows("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")
        if found:
            return found[0][0], found[0][1]
        closed = self.closed()
        return (closed[-1].last, closed[-1].hash) if closed else (0, GENESIS)

    def export(self) -> Iterator[str]:
        """One JSON object a line, keys sorted, without newline."""
        for line in self.every():
            yield json.dumps(asdict(line), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def closed(self, after: int = 0) -> list[Closed]:
        """The closed parts that hold lines above ``after``, in order."""
        try:
            rows = self._asks.rows(
                "SELECT first, last, hash, items FROM ledger_closed WHERE last > ? ORDER BY first", (after,)
            )
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return []  # written before ledgers were archived, and not opened by its owner since
        return [Closed(*row) for row in rows]

    def part(self, part: Closed) -> Iterator[Line]:
        """The lines of a closed part. Raises ArchiveBroken."""
        if self._folder is None:
            raise ArchiveBroken("a ledger in memory has no closed parts")
        for line in archive.read(self._folder, part.first, part.last):
            try:
                yield Line(**line)
            except TypeError as error:
                raise ArchiveBroken(
                    f"{archive.name_of(part.first, part.last)} holds no ledger line: {error}"
                ) from error

    def _live(self, after: int, given: dict[str, str], limit: int) -> list[Line]:
        """Lines that are in the book itself; a limit below 0 is none."""
        where = "".join(f" AND {name} = ?" for name in given)
        rows = self._asks.rows(
            f"SELECT {_COLUMNS} FROM ledger WHERE seq > ?{where} ORDER BY seq LIMIT ?", (after, *given.values(), limit)
        )
        return [Line(**dict(zip(_NAMES, row, strict=True))) for row in rows]


class Ledger(LedgerReader):
    """The owner's own handle: reads and adds."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, None if book.path is None else archive.folder_of(book.path))
        self.book = book
        book.part("ledger", 1, _SCHEMA)
        book.part("ledger_archive", 1, _ARCHIVE_SCHEMA)

    def append(self, at_us: int, gate: str, way: str, note: Note, refused: Refused | None = None) -> Line:
        """Adds one line; joins the transaction that is open. Text that cannot be written (a lone surrogate of a
        stranger's) is spelled out. ValueError for a refusal that names no rule."""
        if refused is not None and not refused.rule:
            raise ValueError("a refusal names its rule")
        summary = writable(note.summary)
        if len(summary) > SUMMARY_CHARACTERS_MAX:
            digest = hashlib.sha256(summary.encode()).hexdigest()
            summary = f"{summary[: SUMMARY_CHARACTERS_MAX - 100]}... sha256 {digest}"
        with self.book.transaction() as tx:
            seq, prev = self.head()
            line = Line(
                seq=seq + 1,
                at_us=at_us,
                gate=gate,
                way=way,
                kind=writable(note.kind),
                item_id=note.item_id,
                peer=writable(note.peer),
                verdict="refused" if refused else "passed",
                rule=refused.rule if refused else "",
                reason=writable(refused.reason.row()) if refused else "",
                privacy=note.privacy,
                bytes=note.bytes,
                summary=summary,
                prev=prev,
                hash="",
            )
            values = asdict(line) | {"hash": line.expected_hash()}
            tx.execute(f"INSERT INTO ledger ({_COLUMNS}) VALUES ({_MARKS})", tuple(values.values()))
        return Line(**values)

    def close_parts(self, lines_max: int = PART_LINES_MAX, bytes_max: int = PART_BYTES_MAX) -> int:
        """Moves the oldest lines into closed parts of at most ``lines_max`` lines and about ``bytes_max`` bytes while
        the book holds twice as much; returns how many lines moved. May be killed at any moment: a part is whole on the
        disk before it is listed and its lines go, in one transaction. OSError where the disk refuses."""
        if self._folder is None:
            return 0
        moved = 0
        while True:
            count, size = self.book.rows(f"SELECT count(*), coalesce(sum({_SIZE}), 0) FROM ledger")[0]
            if count < 2 * lines_max and (size < 2 * bytes_max or count < 2):
                return moved
            lines = self._oldest(min(lines_max, count - 1), bytes_max)
            first, last = lines[0].seq, lines[-1]
            archive.write(self._folder, first, last.seq, (asdict(line) for line in lines))
            items = sieve(line.item_id for line in lines)
            with self.book.transaction() as tx:
                tx.execute("INSERT INTO ledger_closed VALUES (?, ?, ?, ?)", (first, last.seq, last.hash, items))
                tx.execute("DELETE FROM ledger WHERE seq <= ?", (last.seq,))
            moved += len(lines)

    def _oldest(self, lines_max: int, bytes_max: int) -> list[Line]:
        """At least one line, and no more than fit."""
        lines = self._live(0, {}, lines_max)
        size = 0
        for count, line in enumerate(lines, 1):
            size += LINE_BYTES + len(line.summary)
            if size >= bytes_max:
                return lines[:count]
        return lines


@contextmanager
def looked_on(path: Path) -> Iterator[Asks]:
    """Asks a book that another process may be writing. sqlite3.OperationalError where there is none."""
    with closing(read_only(path)) as connection:
        yield _OtherProcess(connection)


@contextmanager
def look_on(path: Path) -> Iterator[LedgerReader]:
    """Reads a ledger that another process may be writing. sqlite3.OperationalError where there is none."""
    with closing(read_only(path)) as connection:
        yield LedgerReader(_OtherProcess(connection), archive.folder_of(path))
