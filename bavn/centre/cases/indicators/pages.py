"""Indicators a page at a time: filters and search over a million of them without reading them all.

A page is found in the index alone and only its own rows are read. Refuses to know what each is worth: upkeep does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.tables import LIFE_TABLE, OUTCOME, life_of
from bavn.centre.cases.tables import reading
from bavn.model.observable import ObservableType
from bavn.model.sector.indicator_life import LifeState

PAGE_MAX: Final = 1_000
WORDS_CHARS_MAX: Final = 253
_T: Final = LIFE_TABLE.c


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFilter:
    """What a list of indicators is narrowed to. ``words``: part of the value, or the beginning of an id. ``judged``:
    only those that somebody found wrong."""

    state: LifeState | None = None
    kind: ObservableType | None = None
    case_id: str = ""
    words: str = ""
    judged: bool = False


def lives_of(connection: Connection, ids: Sequence[str]) -> dict[str, Life]:
    """These indicators by their ids; those that never were are left out."""
    rows = connection.execute(select(LIFE_TABLE).where(_T.id.in_(ids)))
    return {life.id: life for life in map(life_of, rows)}


def indicators_page(
    engine: Engine, wanted: IndicatorFilter, limit: int, after: tuple[int, str] | None = None
) -> tuple[Life, ...]:
    """The latest drafted first, then by id downwards; ``after``: (drafted_us, id) of the last one shown."""
    conditions = _conditions(engine, wanted)
    if after is not None:
        at_us, last_id = after
        conditions.append(and_(_T.drafted_us <= at_us, or_(_T.drafted_us < at_us, _T.id < last_id)))
    order = (_T.drafted_us.desc(), _T.id.desc())
    found = select(_T.id).where(*conditions).order_by(*order).limit(max(1, min(limit, PAGE_MAX)))
    with reading(engine) as connection:
        ids = list(connection.scalars(found))
        rows = connection.execute(select(LIFE_TABLE).where(_T.id.in_(ids)).order_by(*order))
        return tuple(life_of(row) for row in rows)


def _conditions(engine: Engine, wanted: IndicatorFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        conditions.append(_T.state == wanted.state.value)
    if wanted.kind is not None:
        conditions.append(_T.type == wanted.kind.value)
    if wanted.case_id:
        conditions.append(_T.case_id == wanted.case_id)
    if wanted.judged:
        wrong = select(OUTCOME.c.indicator_id).where(OUTCOME.c.kind != "met")
        conditions.append(_T.id.in_(wrong))
    words = wanted.words.strip()[:WORDS_CHARS_MAX]
    if words.startswith("indicator--"):
        conditions.append(and_(_T.id >= words, _T.id < words + "~"))
    elif words:
        place = func.strpos if engine.dialect.name == "postgresql" else func.instr
        plain = words.lower().replace("[.]", ".").replace("(.)", ".").replace("[:]", ":")
        conditions.append(place(_T.value, plain) > 0)
    return conditions
