"""The tables of the centre's log: entries in their order, and the last checkpoint that was signed."""

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
