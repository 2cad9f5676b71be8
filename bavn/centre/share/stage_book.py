"""The rows of the canary ring: which release is with which actors first, and how that ended.

Every change joins the transaction that is open. Refuses to decide: stages.py does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from bavn.centre.share.tables import RING
from bavn.centre.store.rows import value_from

WAITING, OPEN, STOPPED = "ring", "open", "stopped"
ROWS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StagesStatus:
    """A release and its ring. ``version``: the one that the ring got; ``state``: ring, open (everybody has it) or
    stopped, with why."""

    indicator_id: str
    state: str
    actors: tuple[str, ...]
    version: int
    began_us: int
    ended_us: int | None
    why: str


def begin_stages(connection: Connection, wanted_id: str, version: int, actors: Sequence[str], now_us: int) -> None:
    """A release goes to these actors first."""
    values: dict[str, Any] = {
        "state": WAITING,
        "actors": json.dumps(sorted(actors)),
        "version": version,
        "began_us": now_us,
        "ended_us": None,
        "why": "",
    }
    changed = connection.execute(update(RING).where(RING.c.indicator_id == wanted_id).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(RING).values(indicator_id=wanted_id, **values))


def open_stages(connection: Connection, wanted_id: str) -> frozenset[str]:
    """The ring that has it while the others wait; empty where nobody waits."""
    row = connection.execute(select(RING).where(RING.c.indicator_id == wanted_id, RING.c.state == WAITING)).first()
    return frozenset(json.loads(row.actors)) if row is not None else frozenset()


def waiting_stages(connection: Connection) -> list[StagesStatus]:
    """All that are not decided, oldest first."""
    asked = select(RING).where(RING.c.state == WAITING).order_by(RING.c.began_us, RING.c.indicator_id)
    return [_stand(row) for row in connection.execute(asked.limit(ROWS_MAX))]


def stages_of(connection: Connection, wanted_id: str) -> StagesStatus | None:
    """How the last ring of an indicator stands; None where it never had one."""
    row = connection.execute(select(RING).where(RING.c.indicator_id == wanted_id)).first()
    return None if row is None else _stand(row)


def all_stages_of(connection: Connection, wanted_ids: Sequence[str]) -> dict[str, StagesStatus]:
    """The same of a page of indicators, by their ids."""
    return {
        row.indicator_id: _stand(row)
        for row in connection.execute(select(RING).where(RING.c.indicator_id.in_(wanted_ids)))
    }


def end_stages(connection: Connection, wanted_id: str, state: str, why: str, now_us: int) -> None:
    """It is decided."""
    connection.execute(
        update(RING).where(RING.c.indicator_id == wanted_id).values(state=state, why=why, ended_us=now_us)
    )


def _stand(row: Row[Any]) -> StagesStatus:
    return value_from(StagesStatus, row, actors=tuple(json.loads(row.actors)))
