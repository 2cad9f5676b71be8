"""console.db and the key beside it: opened, written by one at a time, and every change in the log with who made it.

Refuses to keep a secret in clear: what must be read again (a TOTP secret) is sealed with the key, the rest is hashed.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from sqlalchemy import URL, Connection, Engine

from bavn.app.access.tables import make_tables
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.cases import audit
from bavn.centre.store.engine import open_engine, reading, writing
from bavn.model.ports import Clock, Dice
from bavn.model.text import Text
from bavn.wire.safe import Safe

CONSOLE_FILE: Final = "console.db"
KEY_FILE: Final = "console.key"
SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12
CONSOLE: Final = "console"
"""Who acts in the log where no person does: a log-on that was refused, say."""


class Book:
    """console.db with its clock, dice and key. From any thread."""

    def __init__(self, engine: Engine, key: bytes, clock: Clock, dice: Dice) -> None:
        self.engine, self.clock, self.dice = engine, clock, dice
        self._cipher = ChaCha20Poly1305(key)
        make_tables(engine)

    def now_us(self) -> int:
        return self.clock.now_us()

    def reading(self) -> Connection:
        return reading(self.engine)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with writing(self.engine) as connection:
            yield connection

    def note(self, connection: Connection, who: str, act: str, subject: str, **detail: Any) -> None:
        """One line of the log, in the transaction of what it tells of."""
        audit.note(connection, self.now_us(), who[:64], act, subject[:64], detail)

    def latest(self, limit: int, before: int | None) -> list[audit.AuditLine]:
        """The log's last lines, the latest first; those with a smaller number than ``before``."""
        with self.reading() as tx:
            return audit.newest(tx, limit, before)

    def secret(self, prefix: str = "") -> str:
        """A new one, 43 characters after its prefix."""
        return prefix + base64.urlsafe_b64encode(self.dice.bytes(SECRET_BYTES)).decode().rstrip("=")

    def short(self) -> str:
        """A new id that is no secret, 16 hex digits."""
        return self.dice.bytes(8).hex()

    def seal(self, secret: str, about: str) -> bytes:
        """``about``: whose it is; it opens for nobody else."""
        nonce = self.dice.bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), about.encode())

    def unseal(self, sealed: bytes, about: str) -> str | None:
        """None where the key is another than it was sealed with."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode()).decode()
        except InvalidTag:
            return None

    def close(self) -> None:
        self.engine.dispose()


def hashed(secret: str) -> str:
    """How a secret of full strength stands in the database (hex)."""
    return hashlib.sha256(b"bavn/console/1\x00" + secret.encode()).hexdigest()


def open_book(folder: Path, clock: Clock | None = None, dice: Dice | None = None) -> Book:
    """The book in a centre's or node's folder; readable by its owner alone. Stop, where its key is none."""
    clock, dice = clock or SystemClock(), dice or SystemDice()
    folder.mkdir(parents=True, exist_ok=True)
    file, safe = folder / CONSOLE_FILE, Safe(folder / "keys")
    kept = safe.folder / KEY_FILE
    if not kept.exists():
        safe.write(KEY_FILE, dice.bytes(32).hex())
    try:
        key = bytes.fromhex(kept.read_text())
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except ValueError as error:
        raise Stop(
            Exit.CONFIGURATION, Text("{kept} holds no key: bring it back from where keys are kept", kept=kept)
        ) from error
    return Book(open_engine(URL.create("sqlite", database=str(file))), key, clock, dice)
