"""The centre's log as its database holds it: a room appends in the transaction of the thing that the entry tells of.

So neither is without the other, and a crash loses or doubles nothing. An entry that is sealed gets its salt and its
bytes when it is published (``log_keeper.py``). Where the database is not the centre's there is no log, and nothing is
appended. Refuses to publish.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakSet

import rfc8785
from sqlalchemy import Connection, Engine, delete, func, insert, inspect, select, update

from bavn.centre.store.log_tables import LOG_ENTRY, LOG_SHOWN, LOG_STATE, LOG_WITNESS
from bavn.model.moment import SECOND_US, iso
from bavn.tlog.entries import KINDS, Entry, content_hash, sealed
from bavn.tlog.merkle import EMPTY_ROOT

LATEST: Final = 1000
_HAVE_LOG: Final[WeakSet[Engine]] = WeakSet()


def append(
    tx: Connection, kind: str, at_us: int, fields: Mapping[str, Any] | None = None, content: object = None
) -> int:
    """Adds an entry in the transaction that is open (``writing``); its number, -1 where there is no log. ``content``:
    what a sealed kind tells of, as JSON has it. Raises BadLog for fields that the kind does not have."""
    if not _has_log(tx):
        return -1
    public, hashed = dict(fields or {}), ""
    if KINDS[kind].sealed:
        hashed = content_hash(content)
    entry = Entry(kind=kind, at_s=at_us // SECOND_US, fields=public, seal=hashed)
    number = int(tx.scalar(select(func.coalesce(func.max(LOG_ENTRY.c.number), -1))) or 0) + 1
    tx.execute(
        insert(LOG_ENTRY).values(
            number=number,
            kind=kind,
            at_us=at_us,
            fields=rfc8785.dumps(public).decode() if hashed else "",
            content=rfc8785.dumps(content).decode() if hashed else "",  # type: ignore[arg-type]
            content_hash=hashed,
            salt=None,
            entry=None if hashed else entry.bytes(),
        )
    )
    return number


def append_once(tx: Connection, kind: str, at_us: int, content: object) -> None:
    """The same, unless an entry of this kind tells of the same content already: for what is kept in another database,
    and is said here before it is kept there."""
    if _has_log(tx) and not _tells(tx, kind, content_hash(content)):
        append(tx, kind, at_us, content=content)


def append_changed(tx: Connection, kind: str, at_us: int, fields: Mapping[str, Any], content: object = None) -> None:
    """The same, unless the last entry of this kind has these fields already."""
    if _has_log(tx) and last_fields(tx, kind) != dict(fields):
        append(tx, kind, at_us, fields, content)


def last_fields(tx: Connection, kind: str) -> dict[str, Any] | None:
    """The fields of the last entry of a kind; None where there is none."""
    query = select(LOG_ENTRY).where(LOG_ENTRY.c.kind == kind).order_by(LOG_ENTRY.c.number.desc()).limit(1)
    row = tx.execute(query).first()
    if row is None:
        return None
    written: dict[str, Any] = json.loads(row.fields or row.entry)
    return {name: written[name] for name in KINDS[kind].fields}


def number_of(tx: Connection, kind: str, round_id: str) -> int:
    """The number of the last entry of a kind without a seal that is of this round; -1 where there is none among the
    latest."""
    latest = select(LOG_ENTRY.c.number, LOG_ENTRY.c.entry).where(LOG_ENTRY.c.kind == kind)
    rows = tx.execute(latest.order_by(LOG_ENTRY.c.number.desc()).limit(LATEST))
    return next((int(row.number) for row in rows if json.loads(row.entry)["round"] == round_id), -1)


def forget(tx: Connection, before_us: int) -> int:
    """Contents and salts of what is older go: its seals say nothing to anybody from here on. How many."""
    old = (LOG_ENTRY.c.at_us < before_us) & (LOG_ENTRY.c.content != "") & LOG_ENTRY.c.entry.is_not(None)
    return tx.execute(update(LOG_ENTRY).where(old).values(content="", content_hash="", salt=None)).rowcount


def seal_waiting(tx: Connection, salts: Mapping[int, bytes]) -> None:
    """Gives entries their salts, by number, and so their bytes; one that has its bytes keeps them."""
    rows = tx.execute(select(LOG_ENTRY).where(LOG_ENTRY.c.number.in_(salts), LOG_ENTRY.c.entry.is_(None))).all()
    for row in rows:
        entry = Entry(
            kind=row.kind,
            at_s=row.at_us // SECOND_US,
            fields=json.loads(row.fields),
            seal=sealed(row.content_hash, salts[row.number]),
        )
        here = LOG_ENTRY.c.number == row.number
        tx.execute(update(LOG_ENTRY).where(here).values(salt=salts[row.number], entry=entry.bytes(), fields=""))


def waiting(tx: Connection, since: int, limit: int) -> list[int]:
    """Numbers of entries from ``since`` on that have no bytes yet, among the next ``limit``."""
    query = select(LOG_ENTRY.c.number).where(
        LOG_ENTRY.c.number >= since, LOG_ENTRY.c.number < since + limit, LOG_ENTRY.c.entry.is_(None)
    )
    return list(tx.scalars(query.order_by(LOG_ENTRY.c.number)))


def opened(tx: Connection) -> list[Any]:
    """The rows of sealed entries whose content is not forgotten; the last have no bytes yet."""
    return list(tx.execute(select(LOG_ENTRY).where(LOG_ENTRY.c.content != "").order_by(LOG_ENTRY.c.number)))


def has_any(tx: Connection, kinds: Sequence[str], since: int, until: int = 2**53) -> bool:
    """Whether an entry of these kinds stands from one number up to one before another."""
    here = LOG_ENTRY.c.number.between(since, until - 1) & LOG_ENTRY.c.kind.in_(kinds)
    return tx.execute(select(LOG_ENTRY.c.number).where(here).limit(1)).first() is not None


def entries(tx: Connection, since: int, until: int) -> list[bytes]:
    """The bytes of entries from one number up to one before another, as far as they are there without a gap."""
    query = select(LOG_ENTRY.c.number, LOG_ENTRY.c.entry).where(
        LOG_ENTRY.c.number >= since, LOG_ENTRY.c.number < until, LOG_ENTRY.c.entry.is_not(None)
    )
    texts: list[bytes] = []
    for row in tx.execute(query.order_by(LOG_ENTRY.c.number)):
        if row.number != since + len(texts):
            break
        texts.append(bytes(row.entry))
    return texts


def rows(tx: Connection, numbers: Sequence[int]) -> list[Any]:
    """Entries as the database holds them, with what is not public."""
    return list(tx.execute(select(LOG_ENTRY).where(LOG_ENTRY.c.number.in_(numbers)).order_by(LOG_ENTRY.c.number)))


def counts(tx: Connection) -> dict[str, int]:
    """How many entries there are of each kind."""
    query = select(LOG_ENTRY.c.kind, func.count()).group_by(LOG_ENTRY.c.kind)
    return {str(kind): int(count) for kind, count in tx.execute(query)}


def newest_us(tx: Connection) -> int | None:
    """Of when the last entry is; None where there is none."""
    if not _has_log(tx):
        return None
    return tx.scalar(select(LOG_ENTRY.c.at_us).order_by(LOG_ENTRY.c.number.desc()).limit(1))


def state(tx: Connection) -> Any:
    """The row of the last checkpoint; None before the first."""
    return tx.execute(select(LOG_STATE)).first()


def keep_state(tx: Connection, **values: Any) -> None:
    """The checkpoint that was signed last."""
    if tx.execute(update(LOG_STATE).values(**values)).rowcount == 0:
        tx.execute(insert(LOG_STATE).values(id=1, **values))


def begin_anew(tx: Connection, base: str, at_us: int) -> str:
    """A log of another name from here on, which begins with all entries that are here; returns its name. For a
    database that was put back: what the one before signed after that moment is never contradicted. Empty where there is
    no log."""
    if not _has_log(tx):
        return ""
    origin = f"{base}/{iso(at_us)[:19].replace(':', '')}Z"
    for table in (LOG_SHOWN, LOG_WITNESS):  # nobody has seen anything of it
        tx.execute(delete(table))
    keep_state(tx, origin=origin, size=0, root=EMPTY_ROOT.hex(), note="", at_us=0)
    return origin


def _tells(tx: Connection, kind: str, hashed: str) -> bool:
    query = select(LOG_ENTRY.c.number).where(LOG_ENTRY.c.content_hash == hashed, LOG_ENTRY.c.kind == kind).limit(1)
    return tx.execute(query).first() is not None


def _has_log(tx: Connection) -> bool:
    if tx.engine not in _HAVE_LOG:
        if not inspect(tx).has_table(LOG_ENTRY.name):
            return False
        _HAVE_LOG.add(tx.engine)
    return True
