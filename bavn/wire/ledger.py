"""The ledger: exactly one line for each item that met a gate, with outcome and reason, chained by hashes.

Lines are only ever added (triggers refuse anything else) and each holds the hash of the one before, so that a line that
was changed, dropped or slipped in shows at the first place where the chain does not fit. Its owner can read it while
the node runs. Refuses to judge: it writes what the gate tells it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol

import rfc8785

from bavn.model.outcome import Refused, Verdict
from bavn.wire.book import Book, read_only

GENESIS: Final = "0" * 64
SUMMARY_CHARACTERS_MAX: Final = 16_384
LINES_PER_READ_MAX: Final = 10_000
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
    """One line. ``rule`` and ``reason`` are empty when the item passed; ``hash`` covers all other fields."""

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


class _OtherProcess:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()


_COLUMNS = ", ".join(field.name for field in fields(Line))
_MARKS = ", ".join("?" for _ in fields(Line))


class LedgerReader:
    """Asks a ledger; changes nothing."""

    def __init__(self, book: Asks) -> None:
        self._asks = book

    def lines(
        self, after: int = 0, *, kind: str | None = None, verdict: Verdict | None = None, gate: str | None = None,
        item_id: str | None = None, limit: int = 1000,
    ) -> list[Line]:  # fmt: skip
        """Lines with seq > ``after`` that fit all that is given, ascending, at most ``limit`` (10,000 at the most)."""
        wanted = {"kind": kind, "verdict": verdict, "gate": gate, "item_id": item_id}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f" AND {name} = ?" for name in given)
        found = self._asks.rows(
            f"SELECT {_COLUMNS} FROM ledger WHERE seq > ?{where} ORDER BY seq LIMIT ?",
            (after, *given.values(), max(0, min(limit, LINES_PER_READ_MAX))),
        )
        return [Line(**dict(zip((field.name for field in fields(Line)), row, strict=True))) for row in found]

    def every(self) -> Iterator[Line]:
        """All lines, in order, read piece by piece."""
        after = 0
        while piece := self.lines(after):
            yield from piece
            after = piece[-1].seq

    def verify(self) -> BadLine | None:
        """Walks the whole chain; None when it holds."""
        prev, seq = GENESIS, 0
        for line in self.every():
            if line.seq != seq + 1:
                return BadLine(line.seq, f"line {seq + 1} is missing")
            if line.prev != prev:
                return BadLine(line.seq, "does not follow the line before it")
            if line.hash != line.expected_hash():
                return BadLine(line.seq, "was changed after it was written")
            prev, seq = line.hash, line.seq
        return None

    def head(self) -> tuple[int, str]:
        """Seq and hash of the last line: kept elsewhere, it also shows that lines were cut off at the end."""
        found = self._asks.rows("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")
        return (found[0][0], found[0][1]) if found else (0, GENESIS)

    def export(self) -> Iterator[str]:
        """One JSON object a line, keys sorted, without newline."""
        for line in self.every():
            yield json.dumps(asdict(line), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Ledger(LedgerReader):
    """The owner's own handle: reads and adds."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.book = book
        book.part("ledger", 1, _SCHEMA)

    def append(self, at_us: int, gate: str, way: str, note: Note, refused: Refused | None = None) -> Line:
        """Adds one line; joins the transaction that is open. ValueError for a refusal that names no rule."""
        if refused is not None and not refused.rule:
            raise ValueError("a refusal names its rule")
        summary = note.summary
        if len(summary) > SUMMARY_CHARACTERS_MAX:
            digest = hashlib.sha256(summary.encode()).hexdigest()
            summary = f"{summary[: SUMMARY_CHARACTERS_MAX - 100]}... sha256 {digest}"
        with self.book.transaction() as tx:
            seq, prev = self.head()
            line = Line(
                seq=seq + 1, at_us=at_us, gate=gate, way=way, kind=note.kind, item_id=note.item_id, peer=note.peer,
                verdict="refused" if refused else "passed", rule=refused.rule if refused else "",
                reason=refused.reason if refused else "", privacy=note.privacy, bytes=note.bytes, summary=summary,
                prev=prev, hash="",
            )  # fmt: skip
            values = asdict(line) | {"hash": line.expected_hash()}
            tx.execute(f"INSERT INTO ledger ({_COLUMNS}) VALUES ({_MARKS})", tuple(values.values()))
        return Line(**values)


@contextmanager
def look_on(path: Path) -> Iterator[LedgerReader]:
    """Reads a ledger that another process may be writing. sqlite3.OperationalError where there is none."""
    with closing(read_only(path)) as connection:
        yield LedgerReader(_OtherProcess(connection))
