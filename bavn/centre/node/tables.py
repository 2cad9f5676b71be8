"""The tables in which the centre's node keeps rounds, reports and leads (SQLAlchemy Core, portable SQL).

Values that are only ever read whole stand as canonical JSON in one column; what is asked for by value has a column of
its own. The private join's planes lie here only from upload to reconstruction. Refuses to know what any of it means.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    create_engine,
    event,
    select,
)
from sqlalchemy.pool import StaticPool

BUSY_TIMEOUT_MS = 10_000
METADATA = MetaData()

ROUNDS = Table(
    "rounds",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tier", String(16), nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("ended_us", BigInteger),
    Column("body", Text, nullable=False),
    Index("rounds_tier", "tier", "opened_us"),
    Index("rounds_phase", "phase", "opened_us"),
)


def _cell_columns() -> list[Column[Any]]:
    return [
        Column("round_id", String(32), primary_key=True),
        Column("cell_table", Integer, primary_key=True),
        Column("cell_bin", BigInteger, primary_key=True),
        Column("x", BigInteger, primary_key=True),
    ]


PLANES = Table(
    "round_planes",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("x", BigInteger, primary_key=True),
    Column("item_id", String(64), nullable=False),
    Column("planes", LargeBinary),
)
HITS = Table(
    "round_hits",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("hits", Text, nullable=False),
)
TAGS = Table("round_tags", METADATA, *_cell_columns(), Column("tag", LargeBinary, nullable=False))
ASKED = Table(
    "round_asked",
    METADATA,
    *_cell_columns(),
    Column("step", Integer, primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("others", Text, nullable=False),
)
ANSWERS = Table("round_answers", METADATA, *_cell_columns(), Column("sign", Text))
REFUSALS = Table(
    "round_refusals",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("rule", String(40), primary_key=True),
    Column("times", Integer, nullable=False),
)
QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("cell_table", Integer, primary_key=True),
    Column("cell_bin", BigInteger, primary_key=True),
    Column("named", Text, nullable=False),
    Column("audited", Boolean, nullable=False),
)
SIGNS = Table(
    "signs",
    METADATA,
    Column("report_id", String(64), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("tier", String(16), nullable=False),
    Column("round_id", String(32), nullable=False),
    Column("type", String(8), nullable=False),
    Column("value", String(253), nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("signs_element", "type", "value", "actor", "tier"),
    Index("signs_received", "received_us"),
    Index("signs_round", "round_id"),
)
SEEN = Table(
    "sector_seen",
    METADATA,
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("actor_group", String(40), primary_key=True),
    Column("first_hour", Integer, nullable=False),
    Column("first_report_us", BigInteger, nullable=False),
)
OUTGOING = Table(
    "outgoing",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("said", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    Index("outgoing_done", "done", "number"),
)
LEADS = Table(
    "leads",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("first_us", BigInteger, nullable=False),
    Column("alive", Boolean, nullable=False),
    Column("lead_rank", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("leads_rank", "alive", "lead_rank"),
)
LEAD_OF = Table(
    "lead_of",
    METADATA,
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("lead_id", String(40), nullable=False),
)
NULLS = Table(
    "sharing_nulls",
    METADATA,
    Column("stratum", String(24), primary_key=True),
    Column("a", Float, nullable=False),
    Column("elements", Integer, nullable=False),
    Column("fitted_us", BigInteger, nullable=False),
)
HEALTH = Table(
    "node_health",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("received_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite://`` (memory), ``sqlite:///FILE`` or another database. SQLite: WAL, synchronous=FULL, and
    a transaction that says it may write (``writing``) takes the lock at once: two processes wait for each other instead
    of failing. In memory there is one connection: for one thread at a time."""
    memory = url in ("sqlite://", "sqlite:///:memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
    if url.startswith("sqlite"):
        options["connect_args"] = {"check_same_thread": False}
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_manners)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def reading(engine: Engine) -> Connection:
    """A connection for questions only (a context manager)."""
    return engine.connect()


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction that may write. SQLite takes its lock at once, so that two processes wait for each other instead
    of failing (node/tables.py, open_engine)."""
    return engine.execution_options(bavn_writes=True).begin()


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("bavn_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sqlite_manners(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def add_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], within: dict[str, Any]) -> None:
    """Insert the rows whose primary key is not there yet; ``within``: columns that all rows share."""
    if not rows:
        return
    keys = list(table.primary_key.columns)
    shared = and_(*(table.c[name] == value for name, value in within.items()))
    there = {tuple(row) for row in connection.execute(select(*keys).where(shared))}
    fresh: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        full = row | within
        fresh.setdefault(tuple(full[column.name] for column in keys), full)
    new = [row for key, row in fresh.items() if key not in there]
    if new:
        connection.execute(table.insert(), new)
