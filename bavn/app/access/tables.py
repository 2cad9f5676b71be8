"""The tables of console.db: secrets stand here only as hashes.

The log of log-ons and account changes is the centre's audit log in form: the same tables, the same chain.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Engine, Index, LargeBinary, MetaData, String, Table, Text

from bavn.centre.cases import audit
from bavn.centre.store.engine import make_missing

METADATA: Final = MetaData()

ACCOUNT: Final = Table(
    "console_account",
    METADATA,
    Column("name", String(64), primary_key=True),
    # The name without regard to case: two people are never told apart by it alone.
    Column("folded", String(128), nullable=False, unique=True),
    Column("origin", String(8), nullable=False),
    # Of somebody who comes from an identity provider: issuer and subject.
    Column("subject", String(600), unique=True),
    Column("state", String(12), nullable=False),
    Column("roles", Text, nullable=False),
    Column("actors", Text),
    Column("handle", LargeBinary, nullable=False, unique=True),
    Column("language", String(2)),
    Column("zone", String(64)),
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger),
)
PASSKEY: Final = Table(
    "console_passkey",
    METADATA,
    Column("id", String(1400), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("label", String(64), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    Index("console_passkey_account", "account"),
)
LINK: Final = Table(
    "console_link",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    # Who made it, as the log names them.
    Column("made_by", String(64), nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Index("console_link_account", "account"),
)
SESSION: Final = Table(
    "console_session",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("account", String(64), nullable=False),
    Column("how", String(16), nullable=False),
    # Of one that a sign-in link began: who made the link; else empty.
    Column("made_by", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(120), nullable=False),
    # When the person last proved who they are, began, was last heard of, and must end at the latest.
    Column("proved_us", BigInteger, nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Index("console_session_account", "account"),
)
TOKEN: Final = Table(
    "console_token",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("account", String(64), nullable=False),
    Column("label", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    Column("ended", Boolean, nullable=False),
    Index("console_token_account", "account"),
)
TOKEN_MAKER: Final = Table(
    "console_token_maker",
    METADATA,
    # Of a token that its owner did not make: who did, as the log names them.
    Column("id", String(16), primary_key=True),
    Column("made_by", String(64), nullable=False),
)
KEY: Final = Table(
    "console_key",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("label", String(64), nullable=False),
    # Ed25519, 32 bytes; a key is one account's.
    Column("public_key", LargeBinary, nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
    Index("console_key_account", "account"),
)
HANDED: Final = Table(
    "console_handed",
    METADATA,
    # What waits, as app/acts/waiting.py names it; to whom, and by whom it was handed.
    Column("thing", String(400), primary_key=True),
    Column("to_user", String(64), primary_key=True),
    Column("by_user", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
)


def make_tables(engine: Engine) -> None:
    """Makes what is not there; the log begins at line 1."""
    make_missing(engine, METADATA, with_log=False)
    audit.make_log(engine)
