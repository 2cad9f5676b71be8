"""Cases by the page, the latest first, and how many stand where: asked by state, owner, actor and words.

The database does the picking. Refuses to act.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Engine, Select, Subquery, and_, cast, func, literal, or_, select

from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.rows import case_of
from bavn.centre.cases.case.work_tables import INVOLVED, TASK
from bavn.centre.cases.tables import CASE, reading
from bavn.model.moment import HOUR_US
from bavn.model.sector.case import OVER, CaseState
from bavn.model.sector.work import TaskState

ESCAPE: Final = "\\"
_OWED: Final = (TaskState.OPEN.value, TaskState.ACKNOWLEDGED.value, TaskState.APPLIES.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAsk:
    """Which cases. ``words``: part of an id or of an observable; ``states`` empty: all; ``actor``: one
    that is in it."""

    states: tuple[CaseState, ...] = ()
    owner: str = ""
    actor: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case with how many actors are in it, how many of its tasks are owed, and how many of these are too late."""

    case: Case
    actors: int
    owed: int
    overdue: int


def case_page(
    engine: Engine, ask: CaseAsk, limit: int, now_us: int, after: tuple[int, str] | None = None
) -> tuple[CaseLine, ...]:
    """At most ``limit`` cases behind (opened_us, id), the latest first."""
    query = _picked(select(CASE), ask)
    if after is not None:
        opened_us, case_id = after
        here = CASE.c.opened_us
        query = query.where(or_(here < opened_us, and_(here == opened_us, CASE.c.id < case_id)))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(CASE.c.opened_us.desc(), CASE.c.id.desc()).limit(limit)).all()
        ids = [row.id for row in rows]
        there = _counted(
            connection,
            select(INVOLVED.c.case_id, func.count(INVOLVED.c.actor.distinct()))
            .where(INVOLVED.c.case_id.in_(ids))
            .group_by(INVOLVED.c.case_id),
        )
        open_ids = [row.id for row in rows if CaseState(row.state) not in OVER]
        owed = select(TASK.c.case_id, func.count()).where(TASK.c.case_id.in_(open_ids), TASK.c.state.in_(_OWED))
        running = _counted(connection, owed.group_by(TASK.c.case_id))
        late = _counted(connection, owed.where(_late(now_us)).group_by(TASK.c.case_id))
    return tuple(
        CaseLine(
            case=case_of(row), actors=there.get(row.id, 0), owed=running.get(row.id, 0), overdue=late.get(row.id, 0)
        )
        for row in rows
    )


def cases_of_leads() -> Subquery:
    """(lead_id, id, state, owner) of every case, as part of a question about leads."""
    return select(CASE.c.lead_id, CASE.c.id, CASE.c.state, CASE.c.owner).subquery("cases_of_leads")


def case_counts(engine: Engine, ask: CaseAsk) -> dict[CaseState, int]:
    """How many of these cases stand where; states without any are left out."""
    asked = _picked(select(CASE.c.state, func.count()), ask).group_by(CASE.c.state)
    with reading(engine) as connection:
        return {CaseState(state): number for state, number in connection.execute(asked)}


def owners(engine: Engine) -> tuple[str, ...]:
    """Who owns a case, by name."""
    asked = select(CASE.c.owner).where(CASE.c.owner != "").distinct().order_by(CASE.c.owner)
    with reading(engine) as connection:
        return tuple(connection.scalars(asked))


def _late(now_us: int) -> Any:
    """A step that is still owed and whose hours are over, in the order of work.STEPS."""
    age = now_us - TASK.c.given_us
    first = and_(TASK.c.state == TaskState.OPEN.value, age > _us(TASK.c.acknowledge_hours))
    judged = and_(TASK.c.state.in_(_OWED[:2]), age > _us(TASK.c.applies_hours))
    return or_(first, judged, age > _us(TASK.c.done_hours))


def _us(hours: Any) -> Any:
    """In us: more than 32 bits."""
    return cast(hours, BigInteger) * literal(HOUR_US, BigInteger)


def _counted(connection: Any, asked: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(asked)}


def _picked(query: Select[Any], ask: CaseAsk) -> Select[Any]:
    if ask.states:
        query = query.where(CASE.c.state.in_([one.value for one in ask.states]))
    if ask.owner:
        query = query.where(CASE.c.owner == ask.owner)
    if ask.actor:
        query = query.where(CASE.c.id.in_(select(INVOLVED.c.case_id).where(INVOLVED.c.actor == ask.actor)))
    if ask.words:
        plain = ask.words.lower()
        for sign in (ESCAPE, "%", "_"):
            plain = plain.replace(sign, ESCAPE + sign)
        value = CASE.c.facts.like(f'%"value":"%{plain}%', escape=ESCAPE)
        query = query.where(or_(CASE.c.id.like(f"%{plain}%", escape=ESCAPE), value))
    return query
