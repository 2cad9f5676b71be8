"""The tables of the roll-out: the register, each move, the plan, who waits for whom, and
records that the centre signed. Days are days since 1970 in UTC."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Engine, ForeignKey, Integer, MetaData, String, Table, Text

from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

PARTY: Final = Table(
    "rollout_actor",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("title", String(100), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("region", String(40), nullable=False),
    Column("group", String(40), nullable=False),
    Column("functions", Text, nullable=False),
    Column("suppliers", Text, nullable=False),
    Column("contact", String(254), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("before", String(16), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

MOVE: Final = Table(
    "rollout_move",
    METADATA,
    Column("actor", ForeignKey("rollout_actor.actor"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("act", String(16), nullable=False),
    Column("came_from", String(16), nullable=False),
    Column("went_to", String(16), nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("by_hand", Boolean, nullable=False),
)

PLAN: Final = Table(
    "rollout_plan",
    METADATA,
    Column("actor", ForeignKey("rollout_actor.actor"), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("day", Integer, nullable=False),
    Column("first_day", Integer, nullable=False),
)

WAIT: Final = Table(
    "rollout_wait",
    METADATA,
    Column("actor", ForeignKey("rollout_actor.actor"), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("other", ForeignKey("rollout_actor.actor"), primary_key=True),
    Column("until", String(16), nullable=False),
)

SIGNED: Final = Table(
    "rollout_signed",
    METADATA,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("key", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)


def make_rollout_tables(engine: Engine) -> None:
    """Makes what is not there."""
    make_missing(engine, METADATA)
