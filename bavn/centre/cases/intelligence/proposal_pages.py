"""What is proposed, a page at a time, the newest first. Refuses to weigh: the node does."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, and_, func, or_, select

from bavn.centre.cases.intelligence.proposals import PROPOSED
from bavn.centre.cases.intelligence.tables import CLAIM, HIT, PROPOSAL
from bavn.centre.store.engine import reading
from bavn.model.observable import Observable, ObservableType

PAGE_MAX: Final = 1_000
_P: Final = PROPOSAL.c


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProposals:
    """What proposals are narrowed to. ``met``: by some actor; ``words``: part of the value."""

    state: str = PROPOSED
    source: str = ""
    met: bool = False
    words: str = ""


def claimed_between(
    connection: Connection, sources: Collection[str], first_us: int, end_us: int
) -> tuple[int, int, int]:
    """Of these sources: how many first claimed something in that time, how many observables, and how many of these
    some actor met."""
    here = and_(CLAIM.c.source.in_(sources), CLAIM.c.first_us >= first_us, CLAIM.c.first_us < end_us)
    named = select(CLAIM.c.type, CLAIM.c.value).where(here).distinct().subquery()
    proposed = connection.scalar(select(func.count()).select_from(named)) or 0
    hits = select(HIT.c.type, HIT.c.value).distinct().subquery()
    same = and_(named.c.type == hits.c.type, named.c.value == hits.c.value)
    met = connection.scalar(select(func.count()).select_from(named.join(hits, same))) or 0
    parties = connection.scalar(select(func.count(CLAIM.c.source.distinct())).where(here)) or 0
    return int(parties), int(proposed), int(met)


def proposals_page(
    engine: Engine, wanted: WantedProposals, limit: int, after: tuple[int, str, str] | None = None
) -> tuple[Observable, ...]:
    """By when they were first claimed, the latest first; ``after``: (first_us, type, value) of the last one shown. Of
    what is proposed only what some source still claims."""
    conditions = [_P.state == wanted.state]
    mine = and_(CLAIM.c.type == _P.type, CLAIM.c.value == _P.value, CLAIM.c.gone_us.is_(None))
    if wanted.source:
        conditions.append(select(CLAIM.c.item).where(mine, CLAIM.c.source == wanted.source).exists())
    elif wanted.state == PROPOSED:
        conditions.append(select(CLAIM.c.item).where(mine).exists())
    if wanted.met:
        conditions.append(select(HIT.c.actor).where(HIT.c.type == _P.type, HIT.c.value == _P.value).exists())
    if wanted.words.strip():
        place = func.strpos if engine.dialect.name == "postgresql" else func.instr
        conditions.append(place(_P.value, wanted.words.strip().lower().replace("[.]", ".")) > 0)
    if after is not None:
        at_us, kind, value = after
        same = and_(_P.first_us == at_us, or_(_P.type < kind, and_(_P.type == kind, _P.value < value)))
        conditions.append(and_(_P.first_us <= at_us, or_(_P.first_us < at_us, same)))
    asked = select(_P.type, _P.value).where(*conditions).order_by(_P.first_us.desc(), _P.type.desc(), _P.value.desc())
    with reading(engine) as connection:
        rows = connection.execute(asked.limit(max(1, min(limit, PAGE_MAX)))).all()
    return tuple(Observable.trusted(ObservableType(row.type), row.value) for row in rows)
