"""How the centre's database is opened: SQLite by default, or PostgreSQL; both with the same promises.

One writer at a time: a transaction that says it may write (``writing``) waits for its turn before it reads anything, so
that what it read is still so when it writes. A question (``reading``) sees one moment, however many statements it has.
What was committed survives kill -9 and a power cut. Refuses to know what is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, inspect, make_url
from sqlalchemy.pool import StaticPool

from bavn.centre.store.log_tables import METADATA as LOG

JOURNAL_BYTES_MAX: Final = 16 << 20
"""What is kept on the disk of a write-ahead log after a large transaction (a round's tables)."""
BUSY_TIMEOUT_MS: Final = 10_000
LOCK_SPACE: Final = 0x6261766E
"""The first of the two numbers of each advisory lock in PostgreSQL: "bavn"."""
LOCK_WRITER: Final = 1
LOCK_CENTRE: Final = 2
CONNECTIONS_MAX: Final = 40
CONNECTIONS_KEPT: Final = 8
STATEMENT_S_MAX: Final = 300
IDLE_S_MAX: Final = 300
CONNECT_S_MAX: Final = 10
_REPEATABLE_READ: Final = 3
"""As the driver (``psycopg.IsolationLevel``) counts; it is imported where a PostgreSQL is opened."""


def open_engine(url: str | URL, *, connections_max: int = CONNECTIONS_MAX, wait_s: float = 10.0) -> Engine:
    """An engine for ``sqlite://`` (memory), ``sqlite:///FILE`` or ``postgresql://``. It connects when first used.

    ``connections_max`` and ``wait_s`` are for PostgreSQL: connections of this process, and how long to wait for one of
    them or for the turn to write. SQLite: WAL, synchronous=FULL. In memory there is one connection: for one thread at a
    time.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed, connections_max, wait_s)
    memory = parsed.database in (None, "", ":memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
    engine = create_engine(parsed, connect_args={"check_same_thread": False}, **options)
    event.listen(engine, "connect", _sqlite_manners)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def reading(engine: Engine) -> Connection:
    """A connection for questions only (a context manager): all of them see the same moment."""
    return engine.connect().execution_options(bavn_reads=True)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write, committed at the end. It waits for its turn at once: two processes wait for each
    other instead of failing, and nobody writes between what it reads and what it writes. Not inside another."""
    with engine.connect() as connection, connection.execution_options(bavn_writes=True).begin():
        yield connection


def make_missing(engine: Engine, metadata: MetaData, *, with_log: bool = True) -> None:
    """Makes the tables that are not there, and the log's beside those of any room of the centre (``with_log``): for
    databases without revisions (memory, simulation). In a centre's own database the revisions have made them all."""
    wanted = (metadata, LOG) if with_log else (metadata,)
    with reading(engine) as connection:
        there = set(inspect(connection).get_table_names())
    if any(set(tables.tables) - there for tables in wanted):
        with writing(engine) as connection:
            for tables in wanted:
                tables.create_all(connection)


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("bavn_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sqlite_manners(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    pragmas = (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        f"journal_size_limit={JOURNAL_BYTES_MAX}",
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _open_postgres(url: URL, connections_max: int, wait_s: float) -> Engine:
    wait_ms = round(wait_s * 1000)
    manners = {
        "lock_timeout": wait_ms,
        "statement_timeout": STATEMENT_S_MAX * 1000,
        "idle_in_transaction_session_timeout": IDLE_S_MAX * 1000,
        "synchronous_commit": "on",
        "default_transaction_isolation": r"read\ committed",
        "client_encoding": "UTF8",
    }
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=min(CONNECTIONS_KEPT, connections_max),
        max_overflow=max(0, connections_max - CONNECTIONS_KEPT),
        pool_timeout=wait_s,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in manners.items()),
            "application_name": "bavn-centre",
            "connect_timeout": CONNECT_S_MAX,
            "keepalives": 1,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
    )
    event.listen(engine, "begin", _postgres_begin)
    return engine


def _postgres_begin(connection: Connection) -> None:
    """The lock is asked for at READ COMMITTED: what is read after it was granted is what the writer before left. What a
    transaction is goes out with its BEGIN: a question costs one trip to the server less."""
    options = connection.get_execution_options()
    driver: Any = connection.connection.dbapi_connection
    reads = options.get("bavn_reads", False)
    driver.isolation_level, driver.read_only = (_REPEATABLE_READ, True) if reads else (None, None)
    if options.get("bavn_writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, {LOCK_WRITER})")
