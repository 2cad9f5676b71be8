"""The centre's database as its configuration names it: opened, looked at before it is used, and leased to one centre.

A password stands in a file of its own, never in the configuration, and is shown in no message. Refuses to use a
database whose tables are not of this Bavn's revision: ``bavn centre upgrade`` brings them there.
"""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bavn.app.process.exits import Exit, Stop
from bavn.app.process.kept_book import shut_for
from bavn.centre.store.engine import open_engine, reading
from bavn.centre.store.lease import CentreRuns, Lease, OtherBook
from bavn.model.ports import Dice
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile

DATABASE_FILE: Final = "centre.db"
AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)
"""What SQLAlchemy says when a database does not answer."""
PASSWORD_BYTES_MAX: Final = 4096
PAIR: Final = "pair"
_PAIR_SCHEMA: Final = ("CREATE TABLE pair (id TEXT NOT NULL) STRICT",)
_WHERE: Final = "[place] database_url"


def url_of(file: "CentreFile") -> URL:
    """Where the database is, password and all. Raises SettingsError."""
    place = file.place
    if not place.database_url:
        return URL.create("sqlite", database=str(file.folder / DATABASE_FILE))
    try:
        url = make_url(place.database_url)
    except (ArgumentError, ValueError) as error:  # its words may repeat what was given
        raise SettingsError(
            Text("{where} is no address such as postgresql://bavn@db.example.org/bavn", where=_WHERE)
        ) from error
    if url.drivername not in ("postgresql", "postgres") or not url.database:
        raise SettingsError(
            Text("{where} must be postgresql://user@host/database; SQLite is in the folder by itself", where=_WHERE)
        )
    if url.password is not None or "password" in url.query:
        raise SettingsError(
            Text(
                "{where} must hold no password: write it into a file that only the centre's user may read, and name"
                " that in database_password_file",
                where=_WHERE,
            )
        )
    url = url.set(drivername="postgresql")
    if _is_remote(url) and "sslmode" not in url.query:
        url = url.update_query_dict({"sslmode": "verify-full"})
    return url.set(password=_password(file)) if place.database_password_file else url


def _password(file: "CentreFile") -> str:
    path = (file.base / file.place.database_password_file).resolve()
    where = "[place] database_password_file"
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(Text("{where}: {path} may be read by others: chmod 600 {path}", where=where, path=path))
        with path.open("rb") as opened:
            password = opened.read(PASSWORD_BYTES_MAX + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(
            Text("{where}: {path} cannot be read ({reason})", where=where, path=path, reason=reason)
        ) from error
    if not password or len(password) > PASSWORD_BYTES_MAX or "\n" in password:
        raise SettingsError(Text("{where}: {path} must hold one line, the password", where=where, path=path))
    return password


def _is_remote(url: URL) -> bool:
    hosts = [url.host] if url.host else url.query.get("host", ())
    names = [name for host in ([hosts] if isinstance(hosts, str) else hosts) for name in host.split(",")]
    return any(not _is_here(name) for name in names)


def _is_here(name: str) -> bool:
    if name.startswith(("/", "@")) or name in ("", "localhost"):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return False


def shown(url: URL) -> str:
    """For people: never with a password."""
    plain = url.set(password=None, drivername=url.get_backend_name())
    return plain.render_as_string()


def open_bare(file: "CentreFile") -> Engine:
    """The database as it is, whatever its revision; a new SQLite file is readable by its owner alone. Stop, where it
    does not answer or cannot keep what Bavn keeps."""
    url = url_of(file)
    file.folder.mkdir(parents=True, exist_ok=True)
    if url.get_backend_name() == "sqlite" and url.database:
        (file.folder / DATABASE_FILE).touch(mode=0o600)
    engine = open_engine(url, wait_s=file.place.database_wait_s)
    with _or_let_go(engine):
        _check(engine)
    return engine


@contextmanager
def _or_let_go(engine: Engine) -> Iterator[None]:
    """Closes the database where what is done with it fails. Stop, where it does not answer."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        engine.dispose()
        raise away(engine, error) from error
    except BaseException:
        engine.dispose()
        raise


def _check(engine: Engine) -> None:
    with reading(engine) as connection:
        if engine.dialect.name != "postgresql":
            connection.exec_driver_sql("SELECT 1")
            return
        encoding, collation = connection.execute(
            text("SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()")
        ).one()
    if encoding != "UTF8" or not re.fullmatch(r"C(\.UTF-?8)?|POSIX", collation, re.IGNORECASE):
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "{where}: the database has encoding {encoding} and sorts by {collation}; Bavn needs UTF8 and C:"
                " createdb --template=template0 --encoding=UTF8 --locale=C {database}",
                where=_WHERE,
                encoding=encoding,
                collation=collation,
                database=engine.url.database,
            ),
        )


def away(engine: Engine, error: BaseException | None) -> Stop:
    """What to say when the database does not answer."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    return Stop(
        Exit.UNREACHABLE,
        Text(
            "the database {what} does not answer: {reason}",
            what=shown(engine.url),
            reason=" ".join(reason)[:300] or "no reason",
        ),
    )


def open_database(file: "CentreFile") -> Engine:
    """The database, ready for this Bavn; an empty one gets its tables. Stop, where it is another revision's."""
    engine = open_bare(file)
    with _or_let_go(engine):
        _make_or_refuse(engine)
    return engine


def _make_or_refuse(engine: Engine) -> None:
    from bavn.centre.store.schema import SchemaStatus, found_in, upgrade

    revision = found_in(engine)
    if revision.standing is SchemaStatus.EMPTY:
        upgrade(engine)
    elif revision.standing is not SchemaStatus.CURRENT:
        raise Stop(Exit.CONFIGURATION, why_not(engine.url, revision.standing.value, revision.revision, revision.why))


def why_not(url: URL, standing: str, revision: str, why: str) -> str:
    """Why this Bavn does not work on a database, and who must do what."""
    from bavn.centre.store.schema import head

    reasons = {
        "behind": f"has revision {revision}, this Bavn needs {head()}: make a backup with the Bavn that wrote it, then"
        " run `bavn centre upgrade`",
        "ahead": f"has revision {revision}, which this Bavn does not know: run the Bavn that wrote it, or name an empty"
        f" one in {_WHERE}",
        "foreign": f"is not a centre's: {why}; name another in {_WHERE}",
    }[standing]
    return f"the database {shown(url)} {reasons}"


def take_lease(engine: Engine) -> Lease:
    """The right to run or to change the database as a whole. Stop, where a centre runs on it."""
    try:
        return Lease(engine)
    except CentreRuns as error:
        raise Stop(Exit.NOT_NOW, Text("{error}: stop it first", error=Text.of_error(error))) from error


def start(lease: Lease, book: Book, dice: Dice, now_us: int) -> int:
    """This centre is the one that writes, with this book; returns its number. A database that is new beside the book of
    another is told as lost. Stop, where the book is another's."""
    book.part(PAIR, 1, _PAIR_SCHEMA)
    known = bool(book.rows("SELECT 1 FROM pair"))
    try:
        number = lease.start(pair_of(book, dice))
    except OtherBook as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "{error}, not with {path}: they belong together; bring both back from one backup (`bavn centre"
                " restore`)",
                error=Text.of_error(error),
                path=book.path,
            ),
        ) from error
    if number == 1 and known and book.path is not None:
        shut_for(Ledger(book), now_us, "the database", book.path.name)
    return number


def pair_of(book: Book, dice: Dice) -> str:
    """What ties this book to its database: made when the book is new, 32 hex digits."""
    book.part(PAIR, 1, _PAIR_SCHEMA)
    with book.transaction() as tx:
        found = tx.execute("SELECT id FROM pair").fetchone()
        if found is not None:
            return str(found[0])
        made = dice.bytes(16).hex()
        tx.execute("INSERT INTO pair VALUES (?)", (made,))
        return made


def open_members(path: Path) -> Engine:
    """A key holder's members: the same tables in a file of its own, brought up by itself. Stop, where a later Bavn
    wrote it."""
    from bavn.centre.store.schema import CannotUpgrade, SchemaStatus, found_in, upgrade

    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = open_engine(URL.create("sqlite", database=str(path)))
    try:
        if found_in(engine).standing is not SchemaStatus.CURRENT:
            upgrade(engine)
    except CannotUpgrade as error:
        engine.dispose()
        raise Stop(Exit.CONFIGURATION, Text.shaped("{path}: {error}", path=path, error=Text.of_error(error))) from error
    return engine
