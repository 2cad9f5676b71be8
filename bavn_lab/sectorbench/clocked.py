"""When a campaign stood among a day's leads: victim by victim, through the rounds, against the day's last lead shown.

A campaign is seen when the join may show an element of it and its score reaches that of the day's twentieth lead, with
the victims there were by then: at the next five-minute round of tier A where two are strong, at the next hourly round
of tier B where three hold it. Refuses to look at victims to come.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bavn.centre.correlate.run import correlate
from bavn_lab.sectorbench.background import P_MAX
from bavn_lab.sectorbench.campaigns import STRONG_P
from bavn_lab.sectorbench.day import Campaign, Day, Rows
from bavn_lab.sectorbench.ways import BUDGET, Scored, signs_of

STRONG_EVERY, STRONG_TAKES = 5, 2
WEAK_EVERY, WEAK_TAKES = 60, 6
"""Minutes between rounds, and minutes of uploads and reveal until the lead (docs/centre.md)."""
NEVER: Final = None


@dataclass(frozen=True, slots=True)
class Seen:
    """``at``: minutes since the day began, None if never. ``from_first``, ``from_second``: minutes since those victims
    were hit. ``from_strong``: since the second victim's strong sign stood, None where weak ones showed it sooner.
    ``before_last``: whether a victim was still to come. ``after``: the share of victims hit later."""

    at: int | None
    from_first: float = 0.0
    from_second: float = 0.0
    before_last: bool = False
    after: float = 0.0
    from_strong: float | None = None


def clocked(day: Day, product: Scored, campaign: Campaign) -> Seen:
    """When ``campaign`` was seen, given that the whole day shows it."""
    line = product.ranked[BUDGET - 1].lead.score if len(product.ranked) >= BUDGET else float("-inf")
    at: int | None = None
    stood: int | None = None
    for count, moment, shown, strong_at in _moments(day, campaign):
        stood = strong_at if stood is None else stood
        if _score(day, product, shown) >= line or count == len(campaign.victims):
            at = moment
            break
    if at is None:
        return Seen(NEVER)
    onsets = sorted(campaign.onsets)
    after = sum(onset > at for onset in onsets) / len(onsets)
    return Seen(at, at - onsets[0], at - onsets[1], onsets[-1] > at, after, None if stood is None else at - stood)


def early(day: Day, campaign: Campaign) -> bool:
    """Whether the join could show it before its last victim was hit, however it scores: two victims, or three with weak
    evidence, never can."""
    return any(max(campaign.onsets) > moment for _, moment, _, _ in _moments(day, campaign))


def _moments(day: Day, campaign: Campaign) -> Iterator[tuple[int, int, Rows, int | None]]:
    """For each number of victims at which the join shows something: that number, the minute at which the round's leads
    stand, the rows shown, and where strong signs show them the minute at which the last of these victims' stood."""
    order = sorted(zip(campaign.ready, campaign.victims, strict=True))
    rows = day.rows.where(np.isin(day.rows.element, campaign.elements))
    for count in range(2, len(order) + 1):
        known = [victim for _, victim in order[:count]]
        shown, strong = _shown(rows.where(np.isin(rows.actor, known)))
        if len(shown):
            every, takes = (STRONG_EVERY, STRONG_TAKES) if strong else (WEAK_EVERY, WEAK_TAKES)
            ready = order[count - 1][0]
            yield count, -(-(ready + 1) // every) * every + takes, shown, ready if strong else None


def _shown(rows: Rows) -> tuple[Rows, bool]:
    """The rows that the join would show, and whether strong evidence alone suffices."""
    strong = rows.where(rows.p <= STRONG_P)
    if len(kept := _held(strong, 2)):
        return kept, True
    return _held(rows.where(rows.p <= P_MAX), 3), False


def _held(rows: Rows, t: int) -> Rows:
    holders: dict[int, set[int]] = {}
    for element, actor in zip(rows.element.tolist(), rows.actor.tolist(), strict=True):
        holders.setdefault(element, set()).add(actor)
    return rows.where(np.isin(rows.element, [element for element, actors in holders.items() if len(actors) >= t]))


def _score(day: Day, product: Scored, rows: Rows) -> float:
    found: Sequence[float] = [one.lead.score for one in correlate(signs_of(day, rows), product.context, {})]
    return max(found, default=float("-inf"))
