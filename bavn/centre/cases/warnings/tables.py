"""The tables of warnings: each with its latest words, to whom it is owed and how they follow it up, what they answered,
and what was mailed."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Engine, ForeignKey, Index, Integer, MetaData, String, Table, Text

from bavn.centre.cases.tables import make_tables
from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

WARNING: Final = Table(
    "case_warning",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", String(8), nullable=False),
    Column("ref", String(300), nullable=False),
    Column("tlp_min", String(20), nullable=False),
    Column("pap_max", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("sent_us", BigInteger),
    Column("acknowledge_us", BigInteger),
    Column("until_us", BigInteger),
    Column("changed_us", BigInteger, nullable=False),
    Index("case_warning_state", "state", "changed_us"),
)

WARNED: Final = Table(
    "case_warning_to",
    METADATA,
    Column("warning_id", ForeignKey("case_warning.id"), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("try_us", BigInteger, nullable=False),
    Column("told_us", BigInteger),
    Column("answer", String(16), nullable=False),
    Column("acknowledged_us", BigInteger),
    Column("answered_us", BigInteger),
    Index("case_warning_to_status", "status", "try_us"),
)

ANSWER: Final = Table(
    "case_warning_answer",
    METADATA,
    Column("warning_id", ForeignKey("case_warning.id"), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("act", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("received_us", BigInteger, nullable=False),
)

MAILED: Final = Table(
    "case_warning_mail",
    METADATA,
    Column("warning_id", ForeignKey("case_warning.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("actor", String(40), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("try_us", BigInteger, nullable=False),
    Column("sent", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
)


def make_warning_tables(engine: Engine) -> None:
    """Makes what is not there, the room's other tables too."""
    make_tables(engine)
    make_missing(engine, METADATA)
