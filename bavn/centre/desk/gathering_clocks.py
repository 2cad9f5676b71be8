"""Indicators with their clocks for a document, read for all at once. Refuses to name who enforced what."""

from collections.abc import Sequence
from itertools import batched
from typing import Final

from sqlalchemy import Connection, func, select

from bavn.centre.books.clock import clock_of
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.tables import LIFE_TABLE, life_of
from bavn.centre.desk.desk import Desk
from bavn.centre.publish.facts import IndicatorFact, Period
from bavn.centre.share.deliveries import AtActor, Deliveries, Kept
from bavn.centre.share.tables import DELIVERY, OBSERVED, RECEIPT
from bavn.centre.store.engine import reading
from bavn.model.moment import HOUR_US
from bavn.model.sector.case import Clocks

AT_ONCE: Final = 500
IN_FORCE: Final = ("enforced", "partly")
Met = dict[str, dict[str, int]]


def indicator_facts(desk: Desk, period: Period) -> tuple[IndicatorFact, ...]:
    """Those released in the period with their clocks; of others only whether they are live. By id."""
    clocks = {case.id: case.clocks for case in desk.cases()}
    made: list[IndicatorFact] = []
    for part in batched(Deliveries(desk.engine).every(), AT_ONCE, strict=False):
        with reading(desk.engine) as connection:
            made += _facts(connection, part, clocks, period)
    return tuple(sorted(made, key=lambda one: one.id))


def _facts(
    connection: Connection, part: Sequence[Kept], clocks: dict[str, Clocks], period: Period
) -> list[IndicatorFact]:
    ids = [kept.indicator.id for kept in part]
    rows = connection.execute(select(LIFE_TABLE).where(LIFE_TABLE.c.id.in_(ids)))
    lives = {life.id: life for life in map(life_of, rows)}
    released = {kept.indicator.id: _released(kept, lives.get(kept.indicator.id)) for kept in part}
    fresh = [one for one in ids if period.holds(released[one])]
    actors, met, first = _at_actors(connection, fresh, released), _met(connection, fresh), _first_met(connection, fresh)
    return [
        _fact(
            kept,
            released[kept.indicator.id],
            lives.get(kept.indicator.id),
            clocks,
            actors.get(kept.indicator.id, []),
            met.get(kept.indicator.id, {}),
            first.get(kept.indicator.id),
        )
        for kept in part
    ]


def _released(kept: Kept, life: Life | None) -> int:
    return kept.released_us if life is None else life.released_us or kept.released_us


def _fact(
    kept: Kept,
    released_us: int,
    life: Life | None,
    clocks: dict[str, Clocks],
    actors: list[AtActor],
    met: dict[str, int],
    met_us: int | None,
) -> IndicatorFact:
    by_hand = Clocks(confirmed_us=None if life is None else life.approved_us or life.put_us)
    clock = clock_of(clocks.get(kept.indicator.case_id, by_hand), kept, actors, released_us, met_us)
    return IndicatorFact(
        id=kept.indicator.id,
        case_id=kept.indicator.case_id,
        tlp=kept.indicator.tlp,
        technique=kept.indicator.technique,
        released_us=released_us,
        live=kept.live,
        steps=clock.steps,
        given=sum(one.queued_us is not None for one in actors),
        enforced=len(clock.enforced),
        seen=met.get("seen", 0),
        blocked=met.get("blocked", 0),
        retro=met.get("retro", 0),
    )


def _at_actors(connection: Connection, ids: list[str], released: dict[str, int]) -> dict[str, list[AtActor]]:
    owed = (
        select(DELIVERY.c.indicator_id, DELIVERY.c.actor, func.max(DELIVERY.c.queued_us))
        .where(DELIVERY.c.indicator_id.in_(ids))
        .group_by(DELIVERY.c.indicator_id, DELIVERY.c.actor)
    )
    queued = {(row[0], row[1]): row[2] for row in connection.execute(owed)}
    said = select(RECEIPT.c.indicator_id, RECEIPT.c.actor, RECEIPT.c.first_us).where(
        RECEIPT.c.indicator_id.in_(ids), RECEIPT.c.state.in_(IN_FORCE)
    )
    enforced: dict[tuple[str, str], int] = {}
    for row in connection.execute(said):
        if row.first_us >= released[row.indicator_id]:
            key = (row.indicator_id, row.actor)
            enforced[key] = min(row.first_us, enforced.get(key, row.first_us))
    made: dict[str, list[AtActor]] = {}
    for wanted, actor in sorted({*queued, *enforced}):
        made.setdefault(wanted, []).append(
            AtActor(
                actor=actor,
                queued_us=queued.get((wanted, actor)),
                state="",
                enforcers=(),
                rule="",
                state_us=None,
                enforced_us=enforced.get((wanted, actor)),
            )
        )
    return made


def _met(connection: Connection, ids: list[str]) -> Met:
    asked = (
        select(OBSERVED.c.indicator_id, OBSERVED.c.kind, func.count())
        .where(OBSERVED.c.indicator_id.in_(ids), OBSERVED.c.first_hour.is_not(None))
        .group_by(OBSERVED.c.indicator_id, OBSERVED.c.kind)
    )
    made: Met = {}
    for wanted, kind, number in connection.execute(asked):
        made.setdefault(wanted, {})[kind] = int(number)
    return made


def _first_met(connection: Connection, ids: list[str]) -> dict[str, int]:
    """Indicator -> the earliest hour in which an actor met it, us."""
    asked = (
        select(OBSERVED.c.indicator_id, func.min(OBSERVED.c.first_hour))
        .where(OBSERVED.c.indicator_id.in_(ids), OBSERVED.c.count_bucket > 0, OBSERVED.c.first_hour.is_not(None))
        .group_by(OBSERVED.c.indicator_id)
    )
    return {row[0]: int(row[1]) * HOUR_US for row in connection.execute(asked)}
