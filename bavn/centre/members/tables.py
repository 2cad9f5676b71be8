"""The tables of this room (SQLAlchemy Core: SQLite and PostgreSQL). Tokens are here as hashes only; no private keys."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from bavn.centre.store.engine import make_missing, writing

METADATA: Final = MetaData()

ACTOR: Final = Table(
    "member_actor",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("group", String(40), nullable=False),
    Column("x", BigInteger, nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("message_key", String(64)),
    Column("changed_us", BigInteger, nullable=False),
    Column("canary", Boolean, nullable=False, server_default=false()),
)

CERTIFICATE: Final = Table(
    "member_certificate",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("actor", ForeignKey("member_actor.name"), nullable=False, index=True),
    Column("issued_us", BigInteger, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
    Column("not_after_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
)

INVITATION: Final = Table(
    "member_invitation",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("actor", ForeignKey("member_actor.name"), nullable=False, index=True),
    Column("until_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
)

QUOTA: Final = Table(
    "member_quota",
    METADATA,
    Column("actor", ForeignKey("member_actor.name"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("messages_per_hour_max", BigInteger, nullable=False),
    Column("bytes_per_hour_max", BigInteger, nullable=False),
)

ROLE: Final = Table(
    "member_role",
    METADATA,
    Column("actor", ForeignKey("member_actor.name"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(40), primary_key=True),
)

ROLLOUT: Final = Table(
    "rollout_actor",
    METADATA,
    Column("actor", String(40), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("day", String(10), nullable=False),
    Column("group", String(40), nullable=False),
    Column("region", String(40), nullable=False),
    Column("waits_for", String(200), nullable=False),
    Column("since_us", BigInteger, nullable=False),
)

SIGNED: Final = Table(
    "member_signed",
    METADATA,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("key", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)

REGISTRY: Final = Table(
    "member_registry",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
)


def alone(tx: Connection) -> None:
    """First in a transaction that reads before it writes: from here on no other changes members. (A write that changes
    nothing: SQLite then holds its lock, PostgreSQL the row's.)"""
    tx.execute(update(REGISTRY).values(version=REGISTRY.c.version))


def make_tables(engine: Engine) -> None:
    """Makes what is not there; the registry begins at version 1."""
    make_missing(engine, METADATA)
    with writing(engine) as tx:
        if tx.execute(select(REGISTRY.c.version)).first() is not None:
            return
    try:
        with writing(engine) as tx:
            tx.execute(insert(REGISTRY).values(id=1, version=1))
    except IntegrityError:
        return  # another process was first; it wrote the same
