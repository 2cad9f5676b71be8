"""The audit log: one line for each act on a case or policy, by whom, when and why, chained by hashes.

A line is written in the transaction of the act itself. Each line's hash covers the line and the hash before it, so that
a line that was changed, dropped or slipped in shows where the chain does not fit. Refuses to be edited.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, or_, select, update

from bavn.centre.cases.tables import AUDIT, AUDIT_HEAD, GENESIS, METADATA, reading, writing
from bavn.centre.store import log
from bavn.model.principal import Principal

LINES_PER_READ_MAX: Final = 10_000
LOCAL_ROOT: Final = "local-root"
"""Act and subject of the line that tells of local root in the place of a second person."""
POLICY_ACTS: Final = "policy-"
"""How the acts on standing policies begin."""
_DOMAIN: Final = b"bavn/audit/1\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """``who`` as model/principal.py names people, ``policy:ID`` or ``centre``; ``subject`` the id of a case, policy or
    round; ``detail`` JSON text; ``hash`` covers all other fields."""

    seq: int
    at_us: int
    who: str
    act: str
    subject: str
    detail: str
    prev: str
    hash: str

    def expected_hash(self) -> str:
        """The hash that this line must carry."""
        said = asdict(self)
        del said["hash"]
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(_DOMAIN + text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BadAuditLine:
    """The first place where the chain does not hold."""

    seq: int
    reason: str


def note(connection: Connection, at_us: int, who: str, act: str, subject: str, detail: dict[str, Any]) -> AuditLine:
    """Adds one line in the transaction that is open, with how ``who`` proved who they are; the centre's log gets its
    entry with it. Counting the head up first makes two writers queue. Local root in the place of a second person has a
    line of its own behind it."""
    proved = who if isinstance(who, Principal) else None
    if proved is not None:
        detail = detail | {"proved": proved.proof()}
    connection.execute(update(AUDIT_HEAD).values(seq=AUDIT_HEAD.c.seq + 1))
    seq, prev = connection.execute(select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).one()
    text = json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    line = AuditLine(seq=seq, at_us=at_us, who=str(who), act=act, subject=subject, detail=text, prev=prev, hash="")
    sealed = AuditLine(**asdict(line) | {"hash": line.expected_hash()})
    connection.execute(insert(AUDIT).values(**asdict(sealed)))
    connection.execute(update(AUDIT_HEAD).values(hash=sealed.hash))
    kind = "policy" if act.startswith(POLICY_ACTS) else "act"
    log.append(connection, kind, at_us, content={"line": sealed.seq, "hash": sealed.hash})
    if proved is not None and proved.for_second:
        note(
            connection,
            at_us,
            str(who),
            LOCAL_ROOT,
            LOCAL_ROOT,
            {"act": act, "subject": subject, "line": sealed.seq, "why": proved.for_second},
        )
    return sealed


def lines(engine: Engine, after: int = 0, *, subject: str | None = None, limit: int = 1000) -> list[AuditLine]:
    """Lines with seq > ``after``, ascending, at most ``limit``."""
    query = select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(min(limit, LINES_PER_READ_MAX))
    if subject is not None:
        query = query.where(AUDIT.c.subject == subject)
    with reading(engine) as connection:
        return [AuditLine(**row) for row in connection.execute(query).mappings()]


def newest(connection: Connection, limit: int, below: int | None = None) -> list[AuditLine]:
    """The last lines, the latest first; those with a smaller number than ``below``."""
    query = select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
    if below is not None:
        query = query.where(AUDIT.c.seq < below)
    return [AuditLine(**row) for row in connection.execute(query).mappings()]


def last_of(connection: Connection, subject: str, act: str | None = None) -> AuditLine | None:
    """The last line about a subject, or the last of one act."""
    query = select(AUDIT).where(AUDIT.c.subject == subject).order_by(AUDIT.c.seq.desc()).limit(1)
    if act is not None:
        query = query.where(AUDIT.c.act == act)
    row = connection.execute(query).mappings().first()
    return None if row is None else AuditLine(**row)


def of_subjects(connection: Connection, subjects: Sequence[str], acts: Sequence[str], limit: int) -> list[AuditLine]:
    """The last lines about any of these subjects with one of these acts, at most ``limit``, in order."""
    asked = select(AUDIT).where(AUDIT.c.subject.in_(subjects), AUDIT.c.act.in_(acts))
    rows = connection.execute(asked.order_by(AUDIT.c.seq.desc()).limit(min(limit, LINES_PER_READ_MAX))).mappings()
    return [AuditLine(**row) for row in rows][::-1]


def beside(connection: Connection, name: str, acts: Sequence[str], since_us: int) -> frozenset[str]:
    """Whoever did one of these acts to somebody of that name, or had it done by them, after ``since_us``."""
    query = select(AUDIT.c.who, AUDIT.c.subject).where(
        AUDIT.c.act.in_(acts), AUDIT.c.at_us > since_us, or_(AUDIT.c.who == name, AUDIT.c.subject == name)
    )
    return frozenset(one for row in connection.execute(query) for one in (row.who, row.subject) if one != name)


def make_log(engine: Engine) -> None:
    """Makes a log of this form alone, beginning at line 1, in a database that is not the centre's."""
    with writing(engine) as connection:
        METADATA.create_all(connection, tables=[AUDIT, AUDIT_HEAD])
        if connection.execute(AUDIT_HEAD.select()).first() is None:
            connection.execute(AUDIT_HEAD.insert().values(id=1, seq=0, hash=GENESIS))


def every(engine: Engine) -> Iterator[AuditLine]:
    """All lines, in order, read piece by piece."""
    after = 0
    while piece := lines(engine, after):
        yield from piece
        after = piece[-1].seq


def export(engine: Engine) -> Iterator[str]:
    """One JSON object a line, keys sorted, without newline."""
    for line in every(engine):
        yield json.dumps(asdict(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def verify(engine: Engine) -> BadAuditLine | None:
    """Walks the whole chain; None when it holds up to the head."""
    with reading(engine) as connection:
        return verify_in(connection)


def head_in(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last line: kept elsewhere, they also show that lines were cut off at the end."""
    found = connection.execute(select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).first()
    return (0, GENESIS) if found is None else (int(found.seq), str(found.hash))


def verify_in(connection: Connection) -> BadAuditLine | None:
    """The same at the moment that this connection sees."""
    prev, seq = GENESIS, 0
    asked = select(AUDIT).order_by(AUDIT.c.seq).execution_options(yield_per=1000)
    with connection.execute(asked) as rows:
        for row in rows.mappings():
            line = AuditLine(**row)
            bad = wrong(line, seq, prev)
            if bad is not None:
                return bad
            prev, seq = line.hash, line.seq
    return None if head_in(connection) == (seq, prev) else BadAuditLine(seq, "lines after this one are missing")


def wrong(line: AuditLine, seq: int, prev: str) -> BadAuditLine | None:
    """What is wrong with a line that must follow the one of this number and hash; None if nothing is."""
    if line.seq != seq + 1:
        return BadAuditLine(line.seq, f"line {seq + 1} is missing")
    if line.prev != prev:
        return BadAuditLine(line.seq, "does not follow the line before it")
    if line.hash != line.expected_hash():
        return BadAuditLine(line.seq, "was changed after it was written")
    return None
