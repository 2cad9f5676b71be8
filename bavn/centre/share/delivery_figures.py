"""What became of many indicators at once, as rows for whoever counts: given, in force, met. Refuses to judge."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, Engine, func, select

from bavn.centre.share.deliveries import ASKED_BY_ID_MAX, HELD
from bavn.centre.share.tables import DELIVERY, INDICATOR, OBSERVED, RECEIPT, make_tables, reading
from bavn.centre.store.owed import PENDING, QUEUED
from bavn.model.intel.indicator import indicator_id
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.met_before import MetBefore

IN_FORCE: Final = ("enforced", "partly")
"""States of a receipt by which an indicator is in force at an actor."""
MET_BEFORE_MAX: Final = 500
AtActor = tuple[str, str]
"""Indicator and actor."""


def queued(connection: Connection, ids: Sequence[str]) -> dict[AtActor, int | None]:
    """When each of these indicators was last given to each actor that is owed it; None where it was not yet."""
    owed = (
        select(DELIVERY.c.indicator_id, DELIVERY.c.actor, func.max(DELIVERY.c.queued_us))
        .where(DELIVERY.c.indicator_id.in_(ids))
        .group_by(DELIVERY.c.indicator_id, DELIVERY.c.actor)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(owed)}


def enforced(connection: Connection, since_us: Mapping[str, int], ids: Sequence[str]) -> dict[AtActor, int]:
    """When each of these indicators came into force at an actor, at the earliest since the moment said of it."""
    query = select(RECEIPT.c.indicator_id, RECEIPT.c.actor, RECEIPT.c.first_us).where(
        RECEIPT.c.indicator_id.in_(ids), RECEIPT.c.state.in_(IN_FORCE)
    )
    enforced: dict[AtActor, int] = {}
    for row in connection.execute(query):
        if row.first_us >= since_us[row.indicator_id]:
            key = (row.indicator_id, row.actor)
            enforced[key] = min(row.first_us, enforced.get(key, row.first_us))
    return enforced


def uncarried(connection: Connection, ids: Sequence[str]) -> dict[AtActor, tuple[str, str]]:
    """What each actor said last (state and rule) where it refuses an indicator or lets it wait by rule."""
    query = (
        select(RECEIPT.c.indicator_id, RECEIPT.c.actor, RECEIPT.c.state, RECEIPT.c.rule)
        .where(RECEIPT.c.indicator_id.in_(ids), RECEIPT.c.rule.is_not(None), RECEIPT.c.rule != "")
        .order_by(RECEIPT.c.first_us)
    )
    return {(row.indicator_id, row.actor): (row.state, row.rule) for row in connection.execute(query)}


def met(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Indicator -> how it was met (seen, blocked, retro) -> at how many actors."""
    query = (
        select(OBSERVED.c.indicator_id, OBSERVED.c.kind, func.count())
        .where(OBSERVED.c.indicator_id.in_(ids), OBSERVED.c.first_hour.is_not(None))
        .group_by(OBSERVED.c.indicator_id, OBSERVED.c.kind)
    )
    met: dict[str, dict[str, int]] = {}
    for wanted, kind, number in connection.execute(query):
        met.setdefault(wanted, {})[kind] = int(number)
    return met


def first_met(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Indicator -> the earliest hour in which an actor met it, us."""
    return _first_met(connection, INDICATOR.c.id, INDICATOR.c.id.in_(ids))


def first_met_in_cases(connection: Connection, case_ids: Sequence[str]) -> dict[str, int]:
    """Case -> the earliest hour in which an actor met one of its indicators, us."""
    return _first_met(connection, INDICATOR.c.case_id, INDICATOR.c.case_id.in_(case_ids))


def first_met_of(connection: Connection, observables: Iterable[Observable]) -> dict[Observable, int]:
    """Each of these that an actor met -> the earliest hour in which one did, us. Each is found by its indicator's id,
    and all of them together."""
    named = {indicator_id(observable): observable for observable in observables}
    hours: dict[Observable, int] = {}
    for ids in batched(named, ASKED_BY_ID_MAX, strict=False):
        hours |= {named[wanted]: at_us for wanted, at_us in first_met(connection, ids).items()}
    return hours


def _first_met(connection: Connection, by: Column[str], which: ColumnElement[bool]) -> dict[str, int]:
    query = (
        select(by, func.min(OBSERVED.c.first_hour))
        .join(OBSERVED, OBSERVED.c.indicator_id == INDICATOR.c.id)
        .where(which, OBSERVED.c.count_bucket > 0, OBSERVED.c.first_hour.is_not(None))
        .group_by(by)
    )
    return {row[0]: int(row[1]) * HOUR_US for row in connection.execute(query)}


def met_before(engine: Engine, since_us: int) -> list[MetBefore]:
    """What actors have said since then that their own history held of indicators that live, the latest said first."""
    make_tables(engine)
    query = (
        select(OBSERVED, INDICATOR.c.case_id)
        .join(INDICATOR, INDICATOR.c.id == OBSERVED.c.indicator_id)
        .where(OBSERVED.c.kind == "retro", OBSERVED.c.count_bucket > 0, OBSERVED.c.first_hour.is_not(None))
        .where(OBSERVED.c.received_us >= since_us, INDICATOR.c.live)
        .order_by(OBSERVED.c.received_us.desc(), OBSERVED.c.indicator_id, OBSERVED.c.actor)
        .limit(MET_BEFORE_MAX)
    )
    with reading(engine) as connection:
        return [
            MetBefore(
                indicator_id=row.indicator_id,
                case_id=row.case_id,
                actor=row.actor,
                first_us=row.first_hour * HOUR_US,
                told_us=row.received_us,
            )
            for row in connection.execute(query)
        ]


def waiting_and_held(connection: Connection, actor: str) -> tuple[int, int]:
    """How many letters wait for an actor, and how many live indicators it was given."""
    waiting = connection.scalar(
        select(func.count())
        .select_from(DELIVERY)
        .where(DELIVERY.c.actor == actor, DELIVERY.c.status.in_((PENDING, HELD)))
    )
    held = connection.scalar(
        select(func.count(INDICATOR.c.id.distinct()))
        .select_from(DELIVERY)
        .join(INDICATOR, INDICATOR.c.id == DELIVERY.c.indicator_id)
        .where(DELIVERY.c.actor == actor, DELIVERY.c.status == QUEUED, INDICATOR.c.live)
    )
    return int(waiting or 0), int(held or 0)


def moments(engine: Engine) -> list[tuple[str, int, int]]:
    """(id, version, from when it holds) of everything that was ever released."""
    make_tables(engine)
    with reading(engine) as connection:
        asked = select(INDICATOR.c.id, INDICATOR.c.version, INDICATOR.c.valid_from_us)
        return [(row[0], row[1], row[2]) for row in connection.execute(asked)]
