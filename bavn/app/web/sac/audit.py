"""The SAC console's audit log: searched, its chain walked piece by piece.

Refuses to change a line: nobody can.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from bavn.app.access.rights import Right
from bavn.app.web.frame import After, Limit, Person, TextShape, allow, cursor, filled, opened
from bavn.app.web.sac.bodies import Shape, Words
from bavn.app.web.sac.context import Context
from bavn.centre.cases.audit import AuditLine
from bavn.centre.cases.audit_pages import (
    LOOKED_AT_MAX,
    WantedLines,
    acts_and_people,
    check_chain,
    found_lines,
)
from bavn.model.text import Text

Who = Annotated[str, Query(max_length=64)]
Act = Annotated[str, Query(max_length=40)]
Subject = Annotated[str, Query(max_length=64)]
Moment = Annotated[int | None, Query(ge=0, le=2**53)]


class LineShape(Shape):
    """One line: who did what to what, when, with which reason (JSON), and the hashes that chain it."""

    seq: int
    at_us: int
    who: str
    act: str
    subject: str
    detail: str
    prev: str
    hash: str


class Lines(Shape):
    """The latest first. ``next``: go on there; a page may be short where few lines hold the words. ``acts`` and
    ``people``: what a search can be narrowed to; on the first page alone."""

    items: list[LineShape]
    next: str | None
    looked_at_max: int
    acts: list[str]
    people: list[str]


class ChainShape(Shape):
    """Whether the chain holds from where the last piece ended up to ``to_seq`` of ``head_seq``; ``next`` walks on."""

    holds: bool
    to_seq: int
    head_seq: int
    bad_seq: int | None
    says: TextShape
    next: str | None


router = APIRouter(prefix="/audit", tags=["audit"])
"""Below ``/audit``."""


@router.get("", operation_id="audit")
def audit(
    context: Context,
    _: Annotated[Person, allow(Right.AUDIT)],
    limit: Limit = 100,
    after: After = None,
    who: Who = "",
    act: Act = "",
    subject: Subject = "",
    q: Words = "",
    since_us: Moment = None,
    until_us: Moment = None,
) -> Lines:
    """Who did what, the latest first; narrowed by person, act, subject, words and time."""
    wanted = WantedLines(who=who, act=act, subject=subject, words=q, since_us=since_us, until_us=until_us)
    at = opened(after, int)
    named, people = acts_and_people(context.desk.engine) if at is None else ((), ())
    lines = found_lines(context.desk.engine, wanted, limit, at[0] if at else None)
    return Lines(
        items=[_line(line) for line in lines.lines],
        looked_at_max=LOOKED_AT_MAX,
        next=None if lines.next_seq is None else cursor(lines.next_seq),
        acts=list(named),
        people=list(people),
    )


@router.get("/chain", operation_id="audit_chain")
def chain(context: Context, _: Annotated[Person, allow(Right.AUDIT)], after: After = None) -> ChainShape:
    """Walk the hash chain, 20,000 lines at a time; go on with ``next`` until it is empty."""
    at = opened(after, int, str)
    checked = check_chain(context.desk.engine, *(at or ()))
    done = checked.bad is not None or checked.to_seq >= checked.head_seq
    return ChainShape(
        holds=checked.bad is None,
        to_seq=checked.to_seq,
        head_seq=checked.head_seq,
        bad_seq=None if checked.bad is None else checked.bad.seq,
        says=TextShape.of(_words(checked.bad is None, checked.to_seq)),
        next=None if done else cursor(checked.to_seq, checked.to_hash),
    )


def _line(line: AuditLine) -> LineShape:
    return filled(LineShape, line)


def _words(holds: bool, to_seq: int) -> Text:
    if holds:
        return Text("The chain holds up to line {to_seq}.", to_seq=to_seq)
    return Text(
        "The chain breaks after line {to_seq}: the log was changed outside Bavn. Compare it with a backup.",
        to_seq=to_seq,
    )
