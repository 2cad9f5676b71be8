"""Opens what the centre signs of its actors, and reads the files of it: terms, signed documents, records."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bavn.app.centre.parts import BOOK_FILE, opened_registry
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop, cannot_read
from bavn.app.process.party_keys import PartyKeys
from bavn.centre.desk.agreements import Agreements
from bavn.centre.desk.leaving import Leaving
from bavn.centre.inbox.open_items import open_items
from bavn.centre.members.signed import BadRecord, Record, record_of
from bavn.centre.members.terms import Terms, terms_of
from bavn.model.sector.member import CENTRE_NAME
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of
from bavn.wire.book import Book
from bavn.wire.outbox import Outbox

DOCUMENT_BYTES_MAX: Final = 64 * 1024 * 1024
TERMS_BYTES_MAX: Final = 100_000
RECORD_BYTES_MAX: Final = 1_000_000


@contextmanager
def opened_agreements(file: CentreFile) -> Iterator[Agreements]:
    """For as long as one command asks. Stop before ``init``."""
    with opened_registry(file) as registry:
        yield Agreements(registry, BesideClock(file.folder), PartyKeys(file.folder, "centre").message_key())


@contextmanager
def opened_leaving(file: CentreFile) -> Iterator[Leaving]:
    """What deletes and proves, beside a centre that may run."""
    clock, key = BesideClock(file.folder), PartyKeys(file.folder, "centre").message_key()
    with opened_registry(file) as registry, Book(file.folder / BOOK_FILE) as book:
        outbox = Outbox(book, CENTRE_NAME, key, clock)
        yield Leaving(
            registry,
            clock,
            key,
            file.centre.limits.sector,
            waiting=lambda actor: open_items(book, actor),
            clear=outbox.drop,
        )


def digest_of(path: Path) -> str:
    """SHA-256 in hex of a document that was signed. Stop for one that cannot be read, or is empty."""
    raw = _read(path, DOCUMENT_BYTES_MAX)
    if not raw:
        raise Stop(Exit.INPUT, Text("{file} is empty", file=path))
    return hashlib.sha256(raw).hexdigest()


def read_terms(path: Path) -> Terms:
    """Terms from a TOML file. Stop for what is no such file; BadTerms for what are no terms."""
    try:
        return terms_of(table_of(_read(path, TERMS_BYTES_MAX).decode()))
    except (BadToml, UnicodeDecodeError) as error:
        raise Stop(Exit.INPUT, Text("{file} is no TOML: {error}", file=path, error=Text.of_error(error))) from error


def read_record(path: Path) -> Record:
    """A record from a file. Stop for what is none."""
    try:
        return record_of(_read(path, RECORD_BYTES_MAX).decode())
    except (BadRecord, UnicodeDecodeError) as error:
        raise Stop(Exit.INPUT, Text.shaped("{path}: {error}", path=path, error=Text.of_error(error))) from error


def shown_record(record: Record) -> dict[str, Any]:
    """A record as it is printed: what was signed, and by which key."""
    return {**json.loads(record.body), "key": record.key, "digest": record.digest}


def _read(path: Path, bytes_max: int) -> bytes:
    try:
        with path.open("rb") as opened:
            raw = opened.read(bytes_max + 1)
    except OSError as error:
        raise cannot_read(path, error, Exit.INPUT) from error
    if len(raw) > bytes_max:
        raise Stop(Exit.INPUT, Text("{file} has more than {bytes_max} bytes", file=path, bytes_max=bytes_max))
    return raw
