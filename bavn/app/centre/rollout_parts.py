"""Opens the roll-out of a centre, and turns its register into rows, files and evidence. Refuses to decide a step."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bavn.app.centre.parts import BOOK_FILE, open_enrolment, opened_registry
from bavn.app.centre.rollout_csv import Row
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop, cannot_read
from bavn.app.process.party_keys import PartyKeys
from bavn.centre.desk.leaving import Leaving
from bavn.centre.desk.membership import Membership
from bavn.centre.desk.rolling import RollOut
from bavn.centre.desk.rollout_facts import Stand
from bavn.centre.inbox.open_items import open_items
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.members.signed import BadRecord, Record, record_of
from bavn.centre.members.terms import Terms, terms_of
from bavn.model.ports import Clock
from bavn.model.sector.member import CENTRE_NAME
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of
from bavn.wire.book import Book
from bavn.wire.outbox import Outbox

EVIDENCE_BYTES_MAX: Final = 64 * 1024 * 1024
TERMS_BYTES_MAX: Final = 100_000
RECORD_BYTES_MAX: Final = 1_000_000


@contextmanager
def opened_rollout(file: CentreFile) -> Iterator[RollOut]:
    """For as long as one command asks. Stop before ``init``."""
    clock = BesideClock(file.folder)
    with opened_registry(file) as registry:
        yield rollout_over(file, registry, clock)


def rollout_over(file: CentreFile, registry: Registry, clock: Clock) -> RollOut:
    """Over members that are open."""
    keys = PartyKeys(file.folder, "centre")
    membership = Membership(registry, open_enrolment(file, registry), Roles(registry, clock), clock)
    return RollOut(registry, membership, clock, keys.message_key())


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


def rows_of(opened: RollOut, stands: list[Stand]) -> list[Row]:
    """The register's rows; what a member does is the registry's word."""
    members, roles, waits = opened.members(), opened.roles(), opened.waits()
    rows = []
    for stand in stands:
        actor = members.get(stand.party.actor)
        rows.append(
            Row(
                party=stand.party,
                role=stand.party.role if actor is None else roles.get(actor.name, type(stand.party.role)()),
                kind=stand.party.kind if actor is None else actor.kind,
                group=stand.party.group if actor is None or actor.group == actor.name else actor.group,
                waits=tuple(wait for wait in waits if wait.actor == stand.party.actor),
                plan=stand.plan,
            )
        )
    return rows


def evidence_of(path: Path | None) -> str:
    """SHA-256 in hex of a file that a step rests on; empty for none. Stop for one that cannot be read, or is empty."""
    if path is None:
        return ""
    raw = _read(path, EVIDENCE_BYTES_MAX)
    if not raw:
        raise Stop(Exit.INPUT, Text("{file} is empty", file=path))
    return hashlib.sha256(raw).hexdigest()


def meant(path: Path | None, *, by_hand: bool) -> str:
    """What a step rests on: of a protocol the SHA-256 by which it is known, by hand that of any file. Stop as
    ``evidence_of``."""
    if by_hand or path is None:
        return evidence_of(path)
    from bavn.app.process.protocols import read_protocol

    return read_protocol(path).digest


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


def read_register(path: Path) -> bytes:
    """The bytes of a register's file. Stop for one that cannot be read."""
    from bavn.app.centre.rollout_csv import BYTES_MAX

    return _read(path, BYTES_MAX)
