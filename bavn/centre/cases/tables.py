"""The tables of this room (SQLAlchemy Core, portable SQL). Service and command line may work on them at once."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
)
from sqlalchemy import Text as LongText
from sqlalchemy.exc import IntegrityError

from bavn.centre.store.engine import make_missing
from bavn.centre.store.engine import reading as reading  # noqa: PLC0414  the room reaches it through its tables
from bavn.centre.store.engine import writing as writing  # noqa: PLC0414  the room reaches it through its tables

METADATA: Final = MetaData()

CASE: Final = Table(
    "case_case",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("lead_id", String(40), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("score", Float, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("facts", LongText, nullable=False),
    Column("terms", LongText, nullable=False),
    Column("clocks", LongText, nullable=False),
    # What share is to do: ``wanted`` says whether the indicators are to be in force, ``order_no`` counts each change of
    # mind, ``done_no`` is the last one that share has carried out.
    Column("wanted", Boolean, nullable=False),
    Column("order_no", Integer, nullable=False),
    Column("done_no", Integer, nullable=False),
    Index("case_state", "state"),
)

VERDICT: Final = Table(
    "case_verdict",
    METADATA,
    Column("type", String(8), primary_key=True),
    Column("value", String(253), primary_key=True),
    Column("verdict", String(16), nullable=False),
    Column("case_id", String(40), nullable=False),
    Column("actors", Integer, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("by_user", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("case_verdict_case", "case_id"),
)

POLICY: Final = Table(
    "case_policy",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("body", LongText, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_us", BigInteger, nullable=False),
    Column("approved_by", String(64)),
    Column("approved_us", BigInteger),
    Column("ended_by", String(64)),
    Column("ended_us", BigInteger),
)

POLICY_USE: Final = Table(
    "case_policy_use",
    METADATA,
    Column("policy_id", String(40), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("blocks", Integer, nullable=False),
)

NIS2: Final = Table(
    "case_nis2",
    METADATA,
    Column("case_id", String(40), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("act", String(16), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("noted_us", BigInteger, nullable=False),
    Column("by_user", String(64), nullable=False),
)

NIS2_FLAGS: Final = Table(
    "case_nis2_flags",
    METADATA,
    Column("case_id", String(40), primary_key=True),
    Column("actor", String(40), primary_key=True),
    Column("cross_border", String(8), nullable=False),
    Column("trust_service", Boolean, nullable=False),
)

AUDIT: Final = Table(
    "case_audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("act", String(40), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("detail", LongText, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("case_audit_subject", "subject", "seq"),
    Index("case_audit_who", "who", "seq"),
    Index("case_audit_act", "act", "seq"),
    Index("case_audit_at", "at_us", "seq"),
)

AUDIT_HEAD: Final = Table(
    "case_audit_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

GENESIS: Final = "0" * 64


def make_tables(engine: Engine) -> None:
    """Makes what is not there; the audit log begins at line 1."""
    make_missing(engine, METADATA)
    with reading(engine) as connection:
        if connection.execute(select(AUDIT_HEAD.c.seq)).first() is not None:
            return
    try:
        with writing(engine) as connection:
            connection.execute(insert(AUDIT_HEAD).values(id=1, seq=0, hash=GENESIS))
    except IntegrityError:
        return  # another process was first; it wrote the same
