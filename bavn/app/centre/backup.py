"""`bavn centre backup`: database and book as they were at one moment, while the centre runs.

The moment: nothing is written to the book from when the database's snapshot begins until the book's does, a few
milliseconds. The two are then as a kill at that moment would leave them, which a centre starts from without loss or
doubling. The keys are left out, unless a passphrase is given to seal them with.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bavn import __version__
from bavn.app.centre import console_backup
from bavn.app.centre.backup_keys import FILES, PASSPHRASE_CHARS_MIN, seal
from bavn.app.centre.database import away, open_bare, why_not
from bavn.app.centre.parts import BOOK_FILE
from bavn.app.config.load import CentreFile
from bavn.app.process.backup_file import CHUNK_BYTES, FORMAT, Manifest, Writer, writing_to
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.cases import audit
from bavn.centre.store import dump
from bavn.centre.store.engine import reading
from bavn.centre.store.schema import SchemaStatus, found_in
from bavn.model.moment import iso
from bavn.model.text import Text
from bavn.wire import archive
from bavn.wire.book import read_only
from bavn.wire.ledger import LedgerReader

LEFT_OUT: Final = (
    "centre.toml and the files it names",
    "the database's password",
    "what people have open in the console",
)
STILL_WAIT_MS: Final = 60_000
KEYS_LEFT_OUT: Final = "the keys of authority, server, messages and console (folder keys)"


class Asker:
    """A book that is only read, as a ledger's reader wants it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()


def backup(file: CentreFile, to: Path, passphrase: str | None) -> tuple[Manifest, list[str]]:
    """Writes the backup; its manifest, and what is broken in it (empty: both chains hold). Stop, where it cannot be
    made: nothing is left of it then."""
    if passphrase is not None and len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise Stop(
            Exit.USAGE,
            Text(
                "a passphrase for keys has at least {passphrase_chars_min} characters",
                passphrase_chars_min=PASSPHRASE_CHARS_MIN,
            ),
        )
    book = file.folder / BOOK_FILE
    if not book.exists():
        raise Stop(Exit.NOT_FOUND, Text("{book} is not there: has this centre run yet?", book=book))
    engine = open_bare(file)
    try:
        return _write(file, engine, book, to, passphrase)
    except FileExistsError as error:
        raise Stop(Exit.NOT_NOW, Text("{file} is there already: name another file", file=to)) from error
    except DBAPIError as error:
        raise away(engine, error) from error
    except (OSError, sqlite3.Error) as error:
        raise Stop(
            Exit.MISSING, Text("the backup could not be written: {error}", error=Text.of_error(error))
        ) from error
    finally:
        engine.dispose()


def _write(
    file: CentreFile, engine: Engine, book: Path, to: Path, passphrase: str | None
) -> tuple[Manifest, list[str]]:
    revision = found_in(engine)
    if revision.standing not in (SchemaStatus.CURRENT, SchemaStatus.BEHIND):
        raise Stop(Exit.CONFIGURATION, why_not(engine.url, revision.standing.value, revision.revision, revision.why))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".bavn-backup-", dir=to.parent)))
        rows, pages = _one_moment(engine, book, stack)
        writer = stack.enter_context(writing_to(to))
        for name, table in dump.tables_in(rows).items():
            lines = (line.encode() for line in dump.lines_of(rows, table))
            writer.add(f"tables/{name}.jsonl", lines, rows=True)
        copy = folder / BOOK_FILE
        with closing(sqlite3.connect(copy)) as target:
            pages.backup(target)
        pages.rollback()
        writer.add("book.db", _pieces(copy))
        with closing(read_only(copy)) as copied:
            ledger = LedgerReader(Asker(copied), archive.folder_of(book))
            for part in ledger.closed():
                name = archive.name_of(part.first, part.last)
                writer.add(f"ledger/{name}", _pieces(archive.folder_of(book) / name))
            head, bad = ledger.head(), [f"the ledger: {fault}" for fault in [ledger.verify()] if fault is not None]
        bad += [f"the audit log: {fault}" for fault in [audit.verify_in(rows)] if fault is not None]
        bad += console_backup.add(file.folder, folder, writer)
        _add_keys(file, writer, passphrase)
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            sector=file.centre.limits.sector,
            made=iso(SystemClock().now_us()),
            database=engine.dialect.name,
            revision=revision.revision,
            audit=audit.head_in(rows),
            ledger=head,
            keys=passphrase is not None,
            left_out=LEFT_OUT if passphrase is not None else (KEYS_LEFT_OUT, *LEFT_OUT),
            parts=dict(writer.parts),
        )
        writer.finish(manifest)
    return manifest, bad


def _one_moment(engine: Engine, book: Path, stack: ExitStack) -> tuple[Connection, sqlite3.Connection]:
    """The database and the book, each in a transaction that sees the same moment from here on."""
    with closing(sqlite3.connect(book, isolation_level=None)) as still:
        still.execute(f"PRAGMA busy_timeout={STILL_WAIT_MS}")
        still.execute("BEGIN IMMEDIATE")
        rows = stack.enter_context(reading(engine))
        audit.head_in(rows)  # a snapshot begins with the first question
        pages = stack.enter_context(closing(read_only(book)))
        pages.execute("BEGIN")
        pages.execute("SELECT count(*) FROM sqlite_master").fetchone()
        still.execute("ROLLBACK")
    return rows, pages


def _add_keys(file: CentreFile, writer: Writer, passphrase: str | None) -> None:
    if passphrase is None:
        return
    keys = PartyKeys(file.folder, "centre")
    keys.authority()
    files = {name: (keys.folder / name).read_bytes() for name in FILES}
    writer.add("keys.sealed", [seal(files, passphrase, SystemDice())])


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece
