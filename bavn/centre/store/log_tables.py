"""The tables of the centre's log: entries in their order, the last checkpoint that was signed, and what
members cosigned."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA: Final = MetaData()

LOG_ENTRY: Final = Table(
    "log_entry",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("fields", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("salt", LargeBinary),
    Column("entry", LargeBinary),
    Index("log_entry_kind", "kind", "number"),
    Index("log_entry_content_hash", "content_hash"),
)
"""``content``: what the seal is of, as canonical JSON, until it is forgotten with its salt. ``entry``: as it stands in
the log; NULL until it is sealed."""

LOG_STATE: Final = Table(
    "log_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

LOG_SHOWN: Final = Table(
    "log_shown",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("cosigned", Integer, nullable=False),
)
"""Checkpoints that members were shown. ``note``: with the cosignatures that came, ``cosigned`` of them."""

LOG_WITNESS: Final = Table(
    "log_witness",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("shown_us", BigInteger, nullable=False),
    Column("proven", BigInteger, nullable=False),
)
"""How far a member said that it has seen the log only grow, and when; what it was shown last, and up to
where it got the proofs. 0: nothing yet."""
