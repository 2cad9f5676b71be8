"""The tables of intelligence: sources, what each claims, what is proposed, who met it. Portable SQL, as tables.py."""

from typing import Final

from sqlalchemy import BigInteger, Column, Engine, Index, Integer, MetaData, String, Table
from sqlalchemy import Text as LongText

from bavn.centre.cases.tables import make_tables as make_case_tables
from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

SOURCE: Final = Table(
    "intel_source",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("body", LongText, nullable=False),
    Column("added_by", String(64), nullable=False),
    Column("added_us", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("why", LongText, nullable=False),
    Column("cursor", LongText, nullable=False),
    Column("tried_us", BigInteger, nullable=False),
    Column("synced_us", BigInteger, nullable=False),
    Column("failure", LongText, nullable=False),
    # Since when a process reads it, kept up while it does; 0 for none.
    Column("busy_us", BigInteger, nullable=False),
    # Items that met gate 2 since the source was added or taken up again.
    Column("taken", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)

CLAIM: Final = Table(
    "intel_claim",
    METADATA,
    Column("source", String(48), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("type", String(8), nullable=False),
    Column("value", String(253), nullable=False),
    Column("body", LongText, nullable=False),
    # When the centre first heard it, when last, when it is over by age; the source's own end.
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("gone_us", BigInteger),
    Column("gone", String(12), nullable=False),
    Index("intel_claim_observable", "type", "value"),
    Index("intel_claim_until", "gone_us", "until_us"),
)

PROPOSAL: Final = Table(
    "intel_proposal",
    METADATA,
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("first_us", BigInteger, nullable=False),
    Column("listed", LongText, nullable=False),
    Column("state", String(12), nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("why", LongText, nullable=False),
    Column("case_id", String(40), nullable=False),
    Index("intel_proposal_listed", "state", "first_us", "type", "value"),
)

HIT: Final = Table(
    "intel_hit",
    METADATA,
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("how", String(12), nullable=False),
    Column("hour", Integer, nullable=False),
)


def make_intel_tables(engine: Engine) -> None:
    """Makes what is not there."""
    make_case_tables(engine)
    make_missing(engine, METADATA)
