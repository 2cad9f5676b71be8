"""The tables of this room (SQLAlchemy Core, portable SQL): indicators, who was to get which version, what became of it.

The envelopes themselves wait in wire's outbox, in the book of the ledger. Refuses to name a reporting actor anywhere:
actors stand here only as recipients.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Engine, Index, Integer, MetaData, String, Table
from sqlalchemy import Text as LongText

from bavn.centre.store.engine import make_missing
from bavn.centre.store.engine import reading as reading  # noqa: PLC0414  the room reaches it through its tables
from bavn.centre.store.engine import writing as writing  # noqa: PLC0414  the room reaches it through its tables

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
    Index("share_indicator_released", "released_us"),
    Index("share_indicator_withdrawn", "withdrawn_us"),
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
    Index("share_delivery_at", "actor", "indicator_id", "version"),
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

NOT_CARRIED: Final = Table(
    "share_not_carried",
    METADATA,
    Column("indicator_id", String(60), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("enforcers", LongText, nullable=False),
)

RING: Final = Table(
    "share_ring",
    METADATA,
    Column("indicator_id", String(60), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("actors", LongText, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("why", LongText, nullable=False),
    Index("share_ring_state", "state"),
)
"""Releases that go to a ring of actors first. No row: everybody has it at once."""

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
    make_missing(engine, METADATA)
