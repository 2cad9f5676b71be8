"""The tables of exercises: apart from those of leads, cases and indicators, so that nothing of one counts there."""

from typing import Final

from sqlalchemy import BigInteger, Column, Engine, ForeignKey, Index, Integer, MetaData, String, Table, Text

from bavn.centre.cases.tables import make_tables
from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

EXERCISE: Final = Table(
    "exercise",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("plan", Text, nullable=False),
    Column("planned_by", String(64), nullable=False),
    Column("planned_us", BigInteger, nullable=False),
    Column("started_by", String(64), nullable=False),
    Column("started_us", BigInteger),
    Column("lead_us", BigInteger),
    Column("confirmed_by", String(64), nullable=False),
    Column("confirmed_us", BigInteger),
    Column("released_by", String(64), nullable=False),
    Column("released_us", BigInteger),
    Column("over_by", String(64), nullable=False),
    Column("over_why", Text, nullable=False),
    Column("over_us", BigInteger),
    Index("exercise_state", "state"),
)

TOLD: Final = Table(
    "exercise_to",
    METADATA,
    Column("exercise_id", ForeignKey("exercise.id"), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("campaign", String(16), nullable=False),
    Column("after_minutes", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("try_us", BigInteger, nullable=False),
    Column("told_us", BigInteger),
    Index("exercise_to_status", "status", "try_us"),
)

STEP: Final = Table(
    "exercise_step",
    METADATA,
    Column("exercise_id", ForeignKey("exercise.id"), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("step", String(12), primary_key=True),
    Column("serial", BigInteger, nullable=False),
    Column("second", BigInteger, nullable=False),
    Column("detector", String(32)),
    Column("p_bucket", Integer),
    Column("received_us", BigInteger, nullable=False),
)


def make_exercise_tables(engine: Engine) -> None:
    """Makes what is not there, the room's other tables too."""
    make_tables(engine)
    make_missing(engine, METADATA)
