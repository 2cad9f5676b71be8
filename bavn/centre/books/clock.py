"""The sector's clock for one indicator: first sighting -> report -> lead -> confirmed -> released -> enforced at each.

Times of reports and receipts are the centre's own, of arrival; the first sighting is an hour, the finest that leaves an
actor. Refuses to know what time it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bavn.centre.books.first_sighting import first_sighting_us
from bavn.centre.share.deliveries import AtActor, Kept
from bavn.model.moment import SECOND_US
from bavn.model.sector.case import Clocks
from bavn.model.text import Text

STEPS: Final = {
    "first_sighting": Text("first sighting"),
    "report": Text("report"),
    "lead": Text("lead"),
    "confirmed": Text("confirmed"),
    "released": Text("released"),
    "first_block": Text("first enforced"),
    "last_block": Text("last enforced"),
}
"""The steps in order, in words."""
CARRIED: Final = "carried"
"""The rule of an actor where nothing carries what an indicator names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorClock:
    """``steps``: (name, when in us or None), in order. ``enforced``: (actor, when) for each that said so, by time.
    ``missing``: actors that were given it and have not; ``hunted``: those whose enforcers can carry no such thing, so
    that it is only looked for there. ``slowest``: (step, seconds) of the longest step between two
    known moments, first sighting excepted, since only its hour is known; None before there are two."""

    indicator_id: str
    case_id: str
    steps: tuple[tuple[str, int | None], ...]
    enforced: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    hunted: tuple[str, ...]
    slowest: tuple[str, float] | None


def clock_of(
    clocks: Clocks, kept: Kept, actors: Sequence[AtActor], released_us: int, met_us: int | None = None
) -> IndicatorClock:
    """The clock of an indicator from its case's moments and its receipts. ``released_us``: when people let it go; a
    refreshed version is no new release. ``met_us``: the earliest hour in which an actor found it in its history."""
    enforced = sorted((actor.enforced_us, actor.actor) for actor in actors if actor.enforced_us is not None)
    steps: list[tuple[str, int | None]] = [
        ("first_sighting", first_sighting_us(clocks.first_sighting_us, (met_us,))),
        ("report", clocks.first_report_us),
        ("lead", clocks.lead_us),
        ("confirmed", clocks.confirmed_us),
        ("released", released_us),
        ("first_block", enforced[0][0] if enforced else None),
        ("last_block", enforced[-1][0] if enforced else None),
    ]
    known = [(name, at_us) for name, at_us in steps[1:] if at_us is not None]
    waits = [((later_us - earlier_us) / SECOND_US, name) for (_, earlier_us), (name, later_us) in pairwise(known)]
    slowest = max(waits, key=lambda wait: wait[0], default=None)
    return IndicatorClock(
        indicator_id=kept.indicator.id,
        case_id=kept.indicator.case_id,
        steps=tuple(steps),
        enforced=tuple((actor, at_us) for at_us, actor in enforced),
        missing=tuple(actor.actor for actor in actors if waits_for(actor) and not only_hunted(actor)),
        hunted=tuple(actor.actor for actor in actors if waits_for(actor) and only_hunted(actor)),
        slowest=None if slowest is None else (slowest[1], slowest[0]),
    )


def waits_for(one: AtActor) -> bool:
    """Whether an actor was given it and has not put it into force."""
    return one.queued_us is not None and one.enforced_us is None


def only_hunted(actor: AtActor) -> bool:
    """Whether an actor said that nothing there carries it yet (``carried``), or may watch it (``pap_watch_only``; by
    that rule it may also be watched, with another state): it waits for an enforcer there, and is looked for in its
    history."""
    return actor.rule == CARRIED or (actor.rule == "pap_watch_only" and actor.state in ("waiting", "refused"))
