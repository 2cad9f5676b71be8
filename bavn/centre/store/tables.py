"""The table of this room: which book belongs to the database, and how often a centre has started on it."""

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

METADATA: Final = MetaData()

RUN: Final = Table(
    "centre_run",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("book_id", String(32), nullable=False),
    Column("run_no", BigInteger, nullable=False),
)
