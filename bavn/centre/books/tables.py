"""The tables in which the centre's node keeps rounds, reports and leads (SQLAlchemy Core, portable SQL).

Values that are only ever read whole stand as canonical JSON in one column; what is asked for by value has a column of
its own. The private join's planes lie here from upload to
reconstruction, those of a table that was drawn until its audit is over. Refuses to know what any of it means.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    select,
)

from bavn.centre.store.engine import make_missing as make_missing  # noqa: PLC0414  the room reaches it through its tables
from bavn.centre.store.engine import open_engine as open_engine  # noqa: PLC0414  the room reaches it through its tables
from bavn.centre.store.engine import reading as reading  # noqa: PLC0414  the room reaches it through its tables
from bavn.centre.store.engine import writing as writing  # noqa: PLC0414  the room reaches it through its tables

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


UPLOADS = Table(
    "round_uploads",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("x", BigInteger, primary_key=True),
    Column("item_id", String(64), nullable=False),
    Column("key_check", String(32), nullable=False),
    Column("upload_hash", String(64)),
    Column("draw", String(64)),
    Column("table_hashes", Text),
    Column("value", String(64)),
    Column("signature", String(128)),
    Column("asked_us", BigInteger),
)
"""``draw``: the upload's commitment for an audit, empty without one; ``value`` and ``signature``: what its node opened,
``asked_us``: when it was asked to last."""
PLANES = Table(
    "round_plane_tables",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("cell_table", Integer, primary_key=True),
    Column("x", BigInteger, primary_key=True),
    Column("planes", LargeBinary, nullable=False),
)
"""Both planes of one table of one upload: 8 * bins bytes. A row for each table, so that one table is read at a time."""
AUDITS = Table(
    "round_audits",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("found_us", BigInteger, nullable=False),
    Column("round_entry", BigInteger, nullable=False),
    Column("uploads_entry", BigInteger, nullable=False),
    Column("hits_entry", BigInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("drawn_us", BigInteger),
    Column("drawn", String(200), nullable=False),
    Column("kept_bytes", BigInteger, nullable=False),
    Index("round_audits_found", "found_us"),
)
"""Rounds whose uploads are kept for an audit. ``drawn``: numbers of its tables with blanks between them, once
``drawn_us`` says when they were drawn; ``kept_bytes``: of their planes. ``*_entry``: numbers in the log."""
HITS = Table(
    "round_hits",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("hits", Text, nullable=False),
)
CELLS = Table(
    "round_cells",
    METADATA,
    Column("round_id", String(32), primary_key=True),
    Column("cell_table", Integer, primary_key=True),
    Column("x", BigInteger, primary_key=True),
    Column("cells", LargeBinary, nullable=False),
)
"""Each table's part of each actor's answer in the commons, until it has left."""
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
HELD = Table(
    "sector_held",
    METADATA,
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("first_us", BigInteger, nullable=False),
)
"""Who holds what was named where two suffice, whether they named it themselves or not."""
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
LEAD_IGNORED = Table(
    "lead_ignored",
    METADATA,
    Column("lead_id", String(40), primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    Column("actors", Integer, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
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
COUNTS = Table(
    "sector_counts",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("epsilon_milli", Integer, nullable=False),
    Column("cell_max", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
HEALTH = Table(
    "node_health",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("received_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)


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


CANARY_RUN = Table(
    "canary_run",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("told_us", BigInteger, nullable=False),
    Column("answered_run", Integer, nullable=False),
    Column("named_us", BigInteger),
)
"""An actor's canary of a day: its latest run, when it last told of it, which run was answered, when a round named
it."""
CANARY_LINK = Table(
    "canary_link",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("link", String(16), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("took", Integer),
    Column("why", String(16), nullable=False),
    Column("passed_us", BigInteger),
    Index("canary_link_day", "day"),
)
ALARM = Table(
    "alarm",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("actor", String(40), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("detail_en", String(300), nullable=False),
    Column("detail_da", String(300), nullable=False),
    Column("acked_by", String(64), nullable=False),
    Column("acked_us", BigInteger),
    Index("alarm_ended", "ended_us"),
)
"""``actor`` empty: the centre itself. ``ended_us`` NULL: it stands."""
