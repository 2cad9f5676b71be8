"""The tables of this room (SQLAlchemy Core, portable SQL): documents with all their versions, levels, sorts of threat,
what was sent to whom."""

from typing import Final

from sqlalchemy import BigInteger, Column, Engine, Index, Integer, MetaData, String, Table
from sqlalchemy import Text as LongText

from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

EDITION: Final = Table(
    "publish_edition",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("period", String(12), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    # Who made the version that stands; "centre" where no person touched it.
    Column("edited_by", String(64), nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("published_us", BigInteger),
    Column("changed_us", BigInteger, nullable=False),
    Index("publish_edition_state", "state"),
)

VERSION: Final = Table(
    "publish_version",
    METADATA,
    Column("edition_id", String(40), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("why", LongText, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("body", LongText, nullable=False),
)

LEVEL: Final = Table(
    "publish_level",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("threat", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("why", LongText, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

SORT: Final = Table(
    "publish_sort",
    METADATA,
    Column("case_id", String(40), primary_key=True),
    Column("threat", String(16), nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("why", LongText, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

SENT: Final = Table(
    "publish_sent",
    METADATA,
    Column("edition_id", String(40), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("recipient", String(254), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
)


def make_tables(engine: Engine) -> None:
    """Makes what is not there."""
    make_missing(engine, METADATA)
