"""The tables of this room (SQLAlchemy Core, portable SQL): indicators, who was to get which version, what became of it.

The envelopes themselves wait in wire's outbox, in the book of the ledger. Refuses to name a reporting actor anywhere:
actors stand here only as recipients.
"""

from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Connection, Engine, Index, Integer, MetaData, String, Table
from sqlalchemy import Text as LongText

METADATA: Final = MetaData()

INDICATOR: Final = Table(
    "share_indicator",
    METADATA,
    Column("id", String(60), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("case_id", String(40), nullable=False),
    Column("type", String(8), nullable=False),
    Column("value", String(253), nullable=False),
    Column("tlp", String(20), nullable=False),
    Column("pap", Integer, nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("valid_from_us", BigInteger, nullable=False),
    Column("valid_until_us", BigInteger, nullable=False),
    Column("technique", String(16), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("released_us", BigInteger, nullable=False),
    Column("withdrawn_us", BigInteger),
    Column("live", Boolean, nullable=False),
    Column("order_no", Integer, nullable=False),
    # What gate 3's rules ask of an indicator beyond itself.
    Column("grounds", LongText, nullable=False),
    Index("share_indicator_case", "case_id"),
    Index("share_indicator_live", "live"),
)

DELIVERY: Final = Table(
    "share_delivery",
    METADATA,
    Column("indicator_id", String(60), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("status", String(12), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("try_us", BigInteger, nullable=False),
    Column("queued_us", BigInteger),
    Index("share_delivery_status", "status", "try_us"),
    Index("share_delivery_actor", "actor"),
)

RECEIPT: Final = Table(
    "share_receipt",
    METADATA,
    Column("indicator_id", String(60), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("state", String(12), primary_key=True),
    Column("enforcers", LongText, nullable=False),
    Column("rule", String(40), nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
)

OBSERVED: Final = Table(
    "share_observed",
    METADATA,
    Column("indicator_id", String(60), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("count_bucket", Integer, nullable=False),
    Column("first_hour", Integer),
    Column("last_hour", Integer),
    Column("received_us", BigInteger, nullable=False),
)


def make_tables(engine: Engine) -> None:
    """Makes what is not there."""
    METADATA.create_all(engine)


def reading(engine: Engine) -> Connection:
    """A connection for questions only (a context manager)."""
    return engine.connect()


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction that may write. SQLite takes its lock at once, so that two processes wait for each other instead
    of failing (node/tables.py, open_engine)."""
    return engine.execution_options(bavn_writes=True).begin()
