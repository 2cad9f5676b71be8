"""`bavn centre restore`: a backup into an empty folder and an empty database, whichever kind either is of.

Nothing is believed unchecked: every part's hash, both chains up to the heads that the manifest names, and every table
read back from where it was put. Refuses to overwrite anything. What nodes were sent after the backup was made keeps its
numbers: the down-queues go on far above them, so that no new message passes for an old one.
"""

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bavn.app.access.book import CONSOLE_FILE
from bavn.app.centre import console_backup
from bavn.app.centre.backup import Asker
from bavn.app.centre.backup_keys import SEALED_BYTES_MAX, WrongPassphrase, unseal
from bavn.app.centre.database import away, open_bare, take_lease
from bavn.app.centre.parts import BOOK_FILE
from bavn.app.config.load import CentreFile
from bavn.app.process.backup_file import BadBackup, Reader, reading_from
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.centre.cases import audit
from bavn.centre.cases.two_people import NotAllowed, person
from bavn.centre.members.registry import names_in
from bavn.centre.store import dump, log
from bavn.centre.store.engine import writing
from bavn.centre.store.log_keeper import origin_of
from bavn.centre.store.schema import first, head, revisions, upgrade_in
from bavn.model.text import Text
from bavn.wire import archive
from bavn.wire.book import read_only
from bavn.wire.ledger import LedgerReader
from bavn.wire.outbox import go_on_above
from bavn.wire.safe import Safe

SEQ_GAP: Final = 1 << 32
"""No centre sends one actor so many messages between a backup and its loss."""
LOG_WHY_CHARACTERS_MAX: Final = 200
SPARE_BYTES: Final = 64 << 20


def restore(file: CentreFile, source: Path, by: str, passphrase: str | None) -> Reader:
    """The backup as read. Stop, where it is not one, or what it would be put into is not empty."""
    try:
        person(by)
    except NotAllowed as error:
        raise Stop(Exit.USAGE, Text("--by: {error}", error=Text.of_error(error))) from error
    try:
        with reading_from(source) as reader:
            _put_back(file, reader, by, passphrase)
            return reader
    except FileNotFoundError as error:
        raise Stop(Exit.NOT_FOUND, Text("{file} is not there", file=error.filename)) from error
    except (BadBackup, dump.BadDump) as error:
        raise Stop(
            Exit.INPUT, Text("{source} cannot be used: {error}", source=source, error=Text.of_error(error))
        ) from error
    except WrongPassphrase as error:
        raise Stop(Exit.REFUSED, Text.of_error(error)) from error
    except OSError as error:
        raise Stop(
            Exit.MISSING, Text("the backup could not be put back: {error}", error=Text.of_error(error))
        ) from error


def _put_back(file: CentreFile, reader: Reader, by: str, passphrase: str | None) -> None:
    if reader.manifest.revision not in revisions():
        raise BadBackup(
            f"its tables are of revision {reader.manifest.revision[:20]!r}, this Bavn knows {first()} to {head()}:"
            " put it back with the Bavn that wrote it"
        )
    keys = PartyKeys(file.folder, "centre")
    secrets = _secrets(reader, passphrase)
    book, parts = file.folder / BOOK_FILE, archive.folder_of(file.folder / BOOK_FILE)
    console = file.folder / CONSOLE_FILE
    for there in (book, parts, console, *([keys.folder] if secrets else [])):
        if there.exists():
            raise Stop(
                Exit.NOT_NOW,
                Text("{there} is there already: a backup is put back into an empty place only", there=there),
            )
    file.folder.mkdir(parents=True, exist_ok=True)
    needed = 2 * sum(part.bytes for part in reader.manifest.parts.values()) + SPARE_BYTES
    if shutil.disk_usage(file.folder).free < needed:
        raise Stop(Exit.MISSING, Text("{folder} has less than {what} MB free", folder=file.folder, what=needed >> 20))
    engine = open_bare(file)
    coming = file.folder / f"{BOOK_FILE}.coming"
    try:
        with take_lease(engine):
            _bring_book(reader, coming)
            accounts = console_backup.bring(reader, file.folder, by)
            _bring_rows(reader, engine, coming, by, file.centre.limits.sector)
            console_backup.in_place(accounts)
            _in_place(coming, book, parts)
            if secrets:
                safe = Safe(keys.folder)
                for name, secret in secrets.items():
                    safe.write(name, secret)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise away(engine, error) from error
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0][:200]
        raise BadBackup(f"{engine.dialect.name} does not take what it holds ({reason})") from error
    finally:
        _clear(coming)
        console_backup.clear(file.folder)
        engine.dispose()


def begin_log_anew(engine: Engine, sector: str, by: str, why: str, now_us: int) -> None:
    """Where a file of the database was put back by hand: the centre's log goes on under another name."""
    with writing(engine) as connection:
        audit.note(connection, now_us, by, "log-begun-anew", "log", {"why": why[:LOG_WHY_CHARACTERS_MAX]})
        log.begin_anew(connection, origin_of(sector), now_us)


def _secrets(reader: Reader, passphrase: str | None) -> dict[str, str]:
    if not reader.manifest.keys:
        if passphrase is not None:
            raise Stop(
                Exit.USAGE, Text("this backup holds no keys: leave the passphrase out, and bring the folder `keys`")
            )
        return {}
    if passphrase is None:
        raise Stop(Exit.USAGE, Text("this backup holds the keys: give the passphrase they were sealed with"))
    with reader.open("keys.sealed") as part:
        return unseal(part.read(SEALED_BYTES_MAX), passphrase)


def _bring_book(reader: Reader, coming: Path) -> None:
    """Book and closed parts beside their place, the chain walked up to the manifest's head."""
    _clear(coming)
    reader.copy("book.db", coming)
    folder = archive.folder_of(coming)
    folder.mkdir(mode=0o700)
    for name in reader.names("ledger/"):
        reader.copy(name, folder / Path(name).name)
        (folder / Path(name).name).chmod(0o400)
    try:
        with closing(read_only(coming)) as connection:
            ledger = LedgerReader(Asker(connection), folder)
            (sound,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            bad, last = ledger.verify(), ledger.head()
    except sqlite3.Error as error:
        raise BadBackup(f"its book cannot be read ({error})") from error
    if sound != "ok" or bad is not None or last != reader.manifest.ledger:
        raise BadBackup(f"its ledger's chain does not hold: {bad or sound or last}")


def _bring_rows(reader: Reader, engine: Engine, coming: Path, by: str, sector: str) -> None:
    """All of it in one transaction: what did not check out was never there. The centre's log begins anew: nothing that
    was signed after the backup is contradicted."""
    with writing(engine) as connection:
        if not dump.is_empty(connection):
            raise Stop(Exit.NOT_NOW, Text("the database is not empty: a backup is put back into an empty one only"))
        upgrade_in(connection, reader.manifest.revision)
        tables = dump.tables_in(connection)
        wanted = {f"tables/{name}.jsonl" for name in tables}
        if wanted != set(reader.names("tables/")):
            raise BadBackup("it does not hold the tables of its revision")
        for table in reversed(tables.values()):
            connection.execute(table.delete())
        for name, table in tables.items():
            part = reader.manifest.parts[f"tables/{name}.jsonl"]
            count = dump.load(connection, table, reader.lines(f"tables/{name}.jsonl"))
            if count != part.rows or dump.digest_of(connection, table) != part.sha256:
                raise BadBackup(f"the table {name} is not the same when it is read back")
        bad = audit.verify_in(connection)
        if bad is not None or audit.head_in(connection) != reader.manifest.audit:
            raise BadBackup(f"its audit log's chain does not hold: {bad or 'it ends elsewhere'}")
        _jump(connection, coming)
        detail = {
            "made": reader.manifest.made,
            "audit": list(reader.manifest.audit),
            "version": reader.manifest.version,
        }
        now_us = SystemClock().now_us()
        audit.note(connection, now_us, by, "restored", "backup", detail)
        log.begin_anew(connection, origin_of(sector), now_us)


def _jump(connection: Connection, coming: Path) -> None:
    """Down-queues go on above every number that a node may have heard since."""
    actors = names_in(connection)
    with closing(sqlite3.connect(coming, isolation_level=None)) as book:
        book.execute("BEGIN IMMEDIATE")
        go_on_above(book, actors, SEQ_GAP)
        book.execute("COMMIT")


def _in_place(coming: Path, book: Path, parts: Path) -> None:
    archive.folder_of(coming).rename(parts)
    coming.rename(book)


def _clear(coming: Path) -> None:
    for file in (coming, Path(f"{coming}-wal"), Path(f"{coming}-shm")):
        file.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(archive.folder_of(coming))
