"""How many of the latest rounds each actor took part in: what the sector can see through it.

Refuses to guess why one did not.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.correlate.round_state import Phase, Round
from bavn.centre.members.registry import joined_in
from bavn.model.moment import MINUTE_US

ROUNDS_MAX: Final = 500
"""A day of a round every three minutes; the latest count."""
NEW_US: Final = 15 * MINUTE_US
"""From token to a running node (docs/ways-in.md)."""


@dataclass(frozen=True, slots=True)
class TookPart:
    """Of ``rounds`` that an actor was a member of, it uploaded to so many; ``last_us``: when the last of
    these opened."""

    rounds: int
    uploaded: int
    last_us: int | None


def latest_closed(engine: Engine, tier: str, count: int) -> tuple[Round, ...]:
    """The latest rounds of a tier that take no more uploads, the newest first; fewer where there were fewer."""
    closed = (t.ROUNDS.c.tier == tier, t.ROUNDS.c.phase != Phase.UPLOADS.value)
    bodies = select(t.ROUNDS.c.body).where(*closed).order_by(t.ROUNDS.c.opened_us.desc(), t.ROUNDS.c.id).limit(count)
    with t.reading(engine) as connection:
        return tuple(codec.read_round(body) for body in connection.scalars(bodies))


def took_part(engine: Engine, since_us: int) -> dict[str, TookPart]:
    """actor -> its part in the rounds that opened since then and take no more uploads; an actor that was a member of
    none is left out. One that enrolled has NEW_US to start its node: the rounds of that time do not count
    against it."""
    closed = (t.ROUNDS.c.opened_us >= since_us, t.ROUNDS.c.phase != Phase.UPLOADS.value)
    asked = select(t.ROUNDS.c.id, t.ROUNDS.c.opened_us, t.ROUNDS.c.body).where(*closed)
    with t.reading(engine) as connection:
        rows = connection.execute(asked.order_by(t.ROUNDS.c.opened_us.desc(), t.ROUNDS.c.id).limit(ROUNDS_MAX)).all()
        joined = joined_in(connection)
        came: dict[str, set[int]] = {}
        ids = [row.id for row in rows]
        uploads = select(t.UPLOADS.c.round_id, t.UPLOADS.c.x).where(t.UPLOADS.c.round_id.in_(ids))
        for round_id, x in connection.execute(uploads):
            came.setdefault(round_id, set()).add(x)
    taking: dict[str, TookPart] = {}
    for row in rows:
        for actor, x in codec.read_round(row.body).members:
            known = taking.get(actor, TookPart(0, 0, None))
            took = x in came.get(row.id, ())
            if not took and row.opened_us < joined.get(actor, 0) + NEW_US:
                continue
            last_us = known.last_us if known.last_us is not None or not took else row.opened_us
            taking[actor] = TookPart(known.rounds + 1, known.uploaded + took, last_us)
    return taking
