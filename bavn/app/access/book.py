"""console.db: opened, written by one at a time, and every change in the log with who made it.

Of a secret it keeps the hash alone.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine

from bavn.app.access.tables import make_tables
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.cases import audit
from bavn.centre.store.engine import open_engine, reading, writing
from bavn.model.ports import Clock, Dice

CONSOLE_FILE: Final = "console.db"
SECRET_BYTES: Final = 32
CONSOLE: Final = "console"
"""Who acts in the log where no person does: a log-on that was refused, say."""


class Book:
    """console.db with its clock and dice. From any thread."""

    def __init__(self, engine: Engine, clock: Clock, dice: Dice) -> None:
        self.engine, self.clock, self.dice = engine, clock, dice
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

    def close(self) -> None:
        self.engine.dispose()


def hashed(secret: str) -> str:
    """How a secret of full strength stands in the database (hex)."""
    return hashlib.sha256(b"bavn/console/1\x00" + secret.encode()).hexdigest()


def open_book(folder: Path, clock: Clock | None = None, dice: Dice | None = None) -> Book:
    """The book in a centre's or node's folder; readable by its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CONSOLE_FILE
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    engine = open_engine(URL.create("sqlite", database=str(file)))
    return Book(engine, clock or SystemClock(), dice or SystemDice())
