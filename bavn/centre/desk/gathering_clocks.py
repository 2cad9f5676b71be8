"""Indicators with their clocks for a document, read for all at once. Refuses to name who enforced what."""

from collections.abc import Sequence
from itertools import batched
from typing import Final

from sqlalchemy import Connection

from bavn.centre.books.clock import CARRIED, clock_of
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.pages import lives_of
from bavn.centre.desk.desk import Desk
from bavn.centre.publish.facts import IndicatorFact, Period
from bavn.centre.share import delivery_figures as figures
from bavn.centre.share.deliveries import AtActor, Deliveries, Kept
from bavn.centre.store.engine import reading
from bavn.model.sector.case import Clocks

AT_ONCE: Final = 500


def indicator_facts(desk: Desk, period: Period) -> tuple[IndicatorFact, ...]:
    """Those released in the period with their clocks; of others only whether they are live. By id."""
    clocks = {case.id: case.clocks for case in desk.cases.every()}
    facts: list[IndicatorFact] = []
    for part in batched(Deliveries(desk.engine).every(), AT_ONCE, strict=False):
        with reading(desk.engine) as connection:
            facts += _facts(connection, part, clocks, period)
    return tuple(sorted(facts, key=lambda one: one.id))


def _facts(
    connection: Connection, part: Sequence[Kept], clocks: dict[str, Clocks], period: Period
) -> list[IndicatorFact]:
    ids = [kept.indicator.id for kept in part]
    lifes = lives_of(connection, ids)
    released = {kept.indicator.id: _released(kept, lifes.get(kept.indicator.id)) for kept in part}
    fresh = [one for one in ids if period.holds(released[one])]
    actors = _at_actors(connection, fresh, released)
    met, first = figures.met(connection, fresh), figures.first_met(connection, fresh)
    return [
        _fact(
            kept,
            released[kept.indicator.id],
            lifes.get(kept.indicator.id),
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
    hunted = [actor.rule for actor in actors if actor.actor in clock.hunted]
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
        unblockable=hunted.count(CARRIED),
        watch_only=len(hunted) - hunted.count(CARRIED),
    )


def _at_actors(connection: Connection, ids: list[str], released: dict[str, int]) -> dict[str, list[AtActor]]:
    given, in_force = figures.queued(connection, ids), figures.enforced(connection, released, ids)
    kept_back = figures.uncarried(connection, ids)
    actors: dict[str, list[AtActor]] = {}
    for wanted, actor in sorted({*given, *in_force}):
        state, rule = kept_back.get((wanted, actor), ("", ""))
        actors.setdefault(wanted, []).append(
            AtActor(
                actor=actor,
                queued_us=given.get((wanted, actor)),
                state=state,
                enforcers=(),
                rule=rule,
                state_us=None,
                enforced_us=in_force.get((wanted, actor)),
            )
        )
    return actors
