"""What was owed to one actor and what it said came of it, a page at a time, by indicator.

Refuses to read all of an actor's deliveries at once: there may be a million.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Row, func, select

from bavn.centre.share.tables import DELIVERY, INDICATOR, NOT_CARRIED, RECEIPT, reading
from bavn.centre.store.owed import PENDING
from bavn.centre.store.rows import value_from

PAGE_MAX: Final = 1_000


def not_tried(engine: Engine, since_us: int) -> int:
    """How many letters were to be tried at that time or before, and still wait."""
    late = DELIVERY.c.status == PENDING, DELIVERY.c.try_us <= since_us
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(DELIVERY).where(*late)) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedTo:
    """One indicator at one actor. ``status`` of its latest letter: pending, queued, refused, stale, held; ``rule``: why
    gate 3 refused it. ``state``: the actor's own last word, empty before one; ``state_rule``: its reason."""

    indicator_id: str
    type: str
    value: str
    live: bool
    kind: str
    status: str
    rule: str
    queued_us: int | None
    state: str
    state_rule: str
    state_us: int | None
    enforcers: tuple[str, ...]
    not_carried: tuple[str, ...]


def owed_to(engine: Engine, actor: str, limit: int, after: str = "") -> tuple[OwedTo, ...]:
    """By indicator id, above ``after``; of each the latest version that the actor was owed."""
    latest = (
        select(DELIVERY.c.indicator_id, func.max(DELIVERY.c.version).label("version"))
        .where(DELIVERY.c.actor == actor, DELIVERY.c.indicator_id > after)
        .group_by(DELIVERY.c.indicator_id)
        .order_by(DELIVERY.c.indicator_id)
        .limit(max(1, min(limit, PAGE_MAX)))
        .subquery()
    )
    query = (
        select(DELIVERY, INDICATOR.c.type, INDICATOR.c.value, INDICATOR.c.live)
        .join(latest, (latest.c.indicator_id == DELIVERY.c.indicator_id) & (latest.c.version == DELIVERY.c.version))
        .join(INDICATOR, INDICATOR.c.id == DELIVERY.c.indicator_id)
        .where(DELIVERY.c.actor == actor)
        .order_by(DELIVERY.c.indicator_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        ids = [row.indicator_id for row in rows]
        received = connection.execute(
            select(RECEIPT)
            .where(RECEIPT.c.actor == actor, RECEIPT.c.indicator_id.in_(ids))
            .order_by(RECEIPT.c.version, RECEIPT.c.last_us, RECEIPT.c.state)
        ).all()
        lacks = connection.execute(
            select(NOT_CARRIED).where(NOT_CARRIED.c.actor == actor, NOT_CARRIED.c.indicator_id.in_(ids))
        ).all()
    last = {row.indicator_id: row for row in received}
    names = {row.indicator_id: tuple(json.loads(row.enforcers)) for row in lacks}
    return tuple(_owed(row, last.get(row.indicator_id), names.get(row.indicator_id, ())) for row in rows)


def _owed(row: Row[Any], receipt: Row[Any] | None, not_carried: tuple[str, ...]) -> OwedTo:
    return value_from(
        OwedTo,
        row,
        state=receipt.state if receipt else "",
        state_rule=receipt.rule if receipt else "",
        state_us=receipt.last_us if receipt else None,
        enforcers=tuple(json.loads(receipt.enforcers)) if receipt else (),
        not_carried=not_carried,
    )
