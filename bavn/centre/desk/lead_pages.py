"""Leads by the page, asked as an analyst asks: by words, actor, type, and where their cases stand; best first.

The database does the picking; only the leads of a page are read whole. Refuses to rank.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, Select, and_, func, or_, select, union

from bavn.centre.books import tables as t
from bavn.centre.books.leads import LeadView, view_of
from bavn.centre.cases.case.pages import cases_of_leads
from bavn.model.observable import ObservableType
from bavn.model.sector.case import OVER, CaseState

Stands = Literal["", "waiting", "worked", "over", "ignored"]
WORKED: Final = (CaseState.TRIAGE, CaseState.CONFIRMED, CaseState.RELEASED)
ESCAPE: Final = "\\"
CASE: Final = cases_of_leads()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAsk:
    """Which leads. ``words``: part of an observable, or a lead's id; ``actor``: one that reports it; ``stands``: nobody
    has taken it (waiting), it is worked on, over, or put aside until a day (ignored); empty for all of them."""

    words: str = ""
    actor: str = ""
    type: ObservableType | None = None
    stands: Stands = ""
    alive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLine:
    """A lead and its case, if it has one."""

    view: LeadView
    case_id: str | None
    case_state: CaseState | None
    owner: str
    ignored_until_us: int | None


def lead_page(
    engine: Engine, ask: LeadAsk, limit: int, now_us: int, after: tuple[int, str] | None = None
) -> tuple[tuple[LeadLine, ...], int]:
    """At most ``limit`` leads behind (rank, id), best first, and how many there are in all."""
    with t.reading(engine) as connection:
        total = _total(connection, ask, now_us)
        columns = (t.LEADS, CASE.c.id.label("case_id"), CASE.c.state, CASE.c.owner, t.LEAD_IGNORED.c.until_us)
        query = _picked(select(*columns), ask, now_us)
        if after is not None:
            rank, lead_id = after
            here = t.LEADS.c.lead_rank
            query = query.where(or_(here > rank, and_(here == rank, t.LEADS.c.id > lead_id)))
        rows = connection.execute(query.order_by(t.LEADS.c.lead_rank, t.LEADS.c.id).limit(limit)).all()
    return tuple(_line(row) for row in rows), total


def _total(connection: Connection, ask: LeadAsk, now_us: int) -> int:
    """How many are asked for. Cases and what is put aside are few, leads many: those are looked up, not these."""
    if ask.stands in ("worked", "over", "ignored"):
        return connection.scalar(_picked(select(func.count()), ask, now_us)) or 0
    every = connection.scalar(_of_leads(select(func.count()).select_from(t.LEADS), ask)) or 0
    if not ask.stands:
        return every
    taken = select(CASE.c.lead_id).where(CASE.c.state != CaseState.NEW.value)
    aside = select(t.LEAD_IGNORED.c.lead_id).where(t.LEAD_IGNORED.c.until_us > now_us)
    left = _of_leads(select(func.count()).select_from(t.LEADS).where(t.LEADS.c.id.in_(union(taken, aside))), ask)
    return every - (connection.scalar(left) or 0)


def _line(row: Any) -> LeadLine:
    return LeadLine(
        view=view_of(row),
        case_id=row.case_id,
        case_state=None if row.state is None else CaseState(row.state),
        owner=row.owner or "",
        ignored_until_us=row.until_us,
    )


def _picked(query: Select[Any], ask: LeadAsk, now_us: int) -> Select[Any]:
    ignored = and_(t.LEAD_IGNORED.c.lead_id == t.LEADS.c.id, t.LEAD_IGNORED.c.until_us > now_us)
    joined = t.LEADS.outerjoin(CASE, CASE.c.lead_id == t.LEADS.c.id).outerjoin(t.LEAD_IGNORED, ignored)
    picked = _of_leads(query.select_from(joined), ask)
    if ask.stands == "waiting":
        picked = picked.where(or_(CASE.c.id.is_(None), CASE.c.state == CaseState.NEW.value))
        picked = picked.where(t.LEAD_IGNORED.c.lead_id.is_(None))
    elif ask.stands == "ignored":
        picked = picked.where(t.LEAD_IGNORED.c.lead_id.is_not(None))
    elif ask.stands:
        states = WORKED if ask.stands == "worked" else OVER
        picked = picked.where(CASE.c.state.in_([one.value for one in states]))
    return picked


def _of_leads(asked: Select[Any], ask: LeadAsk) -> Select[Any]:
    """What is asked of the leads themselves."""
    picked = asked.where(t.LEADS.c.alive.is_(ask.alive))
    if ask.words:
        words = _like(ask.words)
        named = select(t.LEAD_OF.c.lead_id).where(t.LEAD_OF.c.value.like(words, escape=ESCAPE))
        picked = picked.where(or_(t.LEADS.c.id.in_(named), t.LEADS.c.id.like(words, escape=ESCAPE)))
    if ask.type is not None:
        picked = picked.where(t.LEADS.c.id.in_(select(t.LEAD_OF.c.lead_id).where(t.LEAD_OF.c.type == ask.type.value)))
    if ask.actor:
        same = and_(t.SIGNS.c.type == t.LEAD_OF.c.type, t.SIGNS.c.value == t.LEAD_OF.c.value)
        reported = select(t.LEAD_OF.c.lead_id).join(t.SIGNS, same).where(t.SIGNS.c.actor == ask.actor)
        picked = picked.where(t.LEADS.c.id.in_(reported))
    return picked


def _like(words: str) -> str:
    plain = words.lower()
    for sign in (ESCAPE, "%", "_"):
        plain = plain.replace(sign, ESCAPE + sign)
    return f"%{plain}%"
