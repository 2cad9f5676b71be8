"""The audit log searched, the latest line first, and its chain walked piece by piece.

A search looks at a bounded number of lines at a time and says how far it came. Refuses to hold the whole log.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, func, select

from bavn.centre.cases.audit import AuditLine, BadAuditLine, head_in, wrong
from bavn.centre.cases.tables import AUDIT, GENESIS, reading

PAGE_MAX: Final = 1_000
LOOKED_AT_MAX: Final = 50_000
"""Lines that one search reads where it looks for words."""
CHECKED_MAX: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLines:
    """What lines are narrowed to. ``words``: part of the subject or the detail; moments in us, the last excluded."""

    who: str = ""
    act: str = ""
    subject: str = ""
    words: str = ""
    since_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class FoundLines:
    """``next_seq``: go on below this line; None at the beginning of the log."""

    lines: tuple[AuditLine, ...]
    next_seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The chain holds from the line after the one asked from up to ``to_seq``, unless ``bad``; ``head_seq`` is the last
    line of all."""

    to_seq: int
    to_hash: str
    head_seq: int
    bad: BadAuditLine | None = None


def found_lines(engine: Engine, wanted: WantedLines, limit: int, below: int | None = None) -> FoundLines:
    """Lines below a number, the latest first."""
    limit = max(1, min(limit, PAGE_MAX))
    with reading(engine) as connection:
        top = head_in(connection)[0] + 1 if below is None else below
        if wanted.until_us is not None:
            late = connection.scalar(select(func.min(AUDIT.c.seq)).where(AUDIT.c.at_us >= wanted.until_us))
            top = min(top, late or top)
        query = select(AUDIT).where(AUDIT.c.seq < top).order_by(AUDIT.c.seq.desc())
        if wanted.since_us is not None:
            first = connection.scalar(select(func.min(AUDIT.c.seq)).where(AUDIT.c.at_us >= wanted.since_us))
            if first is None:
                return FoundLines((), None)
            query = query.where(AUDIT.c.seq >= first)
        exact = {"who": wanted.who, "act": wanted.act, "subject": wanted.subject}
        for name, value in exact.items():
            if value:
                query = query.where(AUDIT.c[name] == value)
        if not wanted.words:
            rows = connection.execute(query.limit(limit + 1)).mappings().all()
            lines = tuple(AuditLine(**row) for row in rows[:limit])
            return FoundLines(lines, lines[-1].seq if len(rows) > limit else None)
        checked: list[AuditLine] = []
        words, looked, seq = wanted.words.casefold(), 0, top
        with connection.execute(query.limit(LOOKED_AT_MAX).execution_options(yield_per=500)) as some:
            for row in some.mappings():
                looked, seq = looked + 1, row["seq"]
                if words in row["detail"].casefold() or words in row["subject"].casefold():
                    checked.append(AuditLine(**row))
                if len(checked) == limit:
                    break
        more = len(checked) == limit or looked == LOOKED_AT_MAX
        return FoundLines(tuple(checked), seq if more and seq > 1 else None)


def check_chain(engine: Engine, after_seq: int = 0, after_hash: str = GENESIS, limit: int = CHECKED_MAX) -> Checked:
    """Walks so many lines on from one whose hash is known (0 and GENESIS: from the beginning)."""
    prev, seq = after_hash, after_seq
    with reading(engine) as connection:
        head_seq, head_hash = head_in(connection)
        asked = select(AUDIT).where(AUDIT.c.seq > after_seq).order_by(AUDIT.c.seq)
        limited = asked.limit(max(1, min(limit, CHECKED_MAX))).execution_options(yield_per=1000)
        bad: BadAuditLine | None = None
        with connection.execute(limited) as rows:
            for row in rows.mappings():
                line = AuditLine(**row)
                bad = wrong(line, seq, prev)
                if bad is not None:
                    break
                prev, seq = line.hash, line.seq
        ended = connection.execute(select(AUDIT.c.seq).where(AUDIT.c.seq > seq).limit(1)).first() is None
    if bad is None and ended and (seq, prev) != (head_seq, head_hash):
        bad = BadAuditLine(seq, "lines after this one are missing")
    return Checked(to_seq=seq, to_hash=prev, head_seq=head_seq, bad=bad)


def acts_and_people(engine: Engine) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every act and everybody that the log names, each sorted: what a search can be narrowed to."""
    with reading(engine) as connection:
        acts = connection.scalars(select(AUDIT.c.act).distinct().order_by(AUDIT.c.act).limit(PAGE_MAX)).all()
        people = connection.scalars(select(AUDIT.c.who).distinct().order_by(AUDIT.c.who).limit(PAGE_MAX)).all()
    return tuple(acts), tuple(people)
