"""The tables of partners (SQLAlchemy Core: SQLite and PostgreSQL). Tokens and passwords are here as hashes only."""

from typing import Final

from sqlalchemy import BigInteger, Column, Engine, ForeignKey, MetaData, String, Table, Text

from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

PARTNER: Final = Table(
    "member_partner",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(100), nullable=False),
    Column("added_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    # What goes out and what comes in: read whole, so canonical JSON (partner_words.py).
    Column("outward", Text, nullable=False),
    Column("inward", Text, nullable=False),
)

PARTNER_CREDENTIAL: Final = Table(
    "member_partner_credential",
    METADATA,
    # SHA-256 in hex of the token, of name and password, or of the certificate.
    Column("digest", String(64), primary_key=True),
    Column("partner", ForeignKey("member_partner.name"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("issued_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
)


def make_tables(engine: Engine) -> None:
    """Makes what is not there."""
    make_missing(engine, METADATA)
