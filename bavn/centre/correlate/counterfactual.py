"""The counterfactual: how each lead would stand if one actor had reported nothing at all.

Taken out of everything: of the lead's elements, of their links, of every other lead and of what counts for priority.
Refuses to find anything itself: it is handed a way to find without an actor.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from bavn.centre.correlate import wording
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.kin import Links
from bavn.centre.correlate.priority import points_of
from bavn.centre.correlate.score import Weighed
from bavn.model.observable import Observable
from bavn.model.text import Text

Find = Callable[[str, Collection[Observable]], Mapping[Observable, Weighed]]
"""(actor, elements) -> those of the elements that are found without the actor's reports."""


@dataclass(frozen=True, slots=True)
class Without:
    """What would be left of a lead if one actor had reported nothing at all. ``rank`` None: no lead."""

    actor: str
    score: float
    rank: int | None
    why: Text


def actors_of(members: Sequence[Weighed]) -> tuple[str, ...]:
    """The actors behind a lead's elements, by name."""
    return tuple(sorted({sign.actor for weighed in members for sign in weighed.signs}))


def counterfactuals(
    leads: Sequence[Sequence[Weighed]], links: Links, context: Context, find: Find
) -> list[tuple[Without, ...]]:
    """For each lead (best first), each of its actors in order."""
    shown = {weighed.observable: at for at, members in enumerate(leads) for weighed in members}
    own: dict[str, set[Observable]] = {}
    for members in leads:
        for weighed in members:
            for sign in weighed.signs:
                own.setdefault(sign.actor, set()).add(weighed.observable)
    actors = [actors_of(members) for members in leads]
    as_they_are = [members[0].score + points_of(at, context) for members, at in zip(leads, actors, strict=True)]
    withouts: list[list[Without]] = [[] for _ in leads]
    for actor in sorted(own):
        moved = own[actor] | {other for observable in own[actor] for other in links.near(observable) if other in shown}
        weighed_anew = find(actor, sorted(moved))
        scores: dict[int, float | None] = {}
        standing = list[float | None](as_they_are)
        for at in sorted({shown[observable] for observable in moved}):
            scores[at] = _left(leads[at], moved, weighed_anew)
            rest = [name for name in actors[at] if name != actor]
            score = scores[at]
            standing[at] = None if score is None else score + points_of(rest, context)
        for at in sorted(scores):
            if actor in actors[at]:
                withouts[at].append(_without(actor, scores[at], standing, at))
    return [tuple(without) for without in withouts]


def _left(
    members: Sequence[Weighed], moved: Collection[Observable], weighed_anew: Mapping[Observable, Weighed]
) -> float | None:
    scores = [
        (weighed_anew[member.observable].score if member.observable in weighed_anew else None)
        if member.observable in moved
        else member.score
        for member in members
    ]
    return max((score for score in scores if score is not None), default=None)


def _without(actor: str, score: float | None, standing: Sequence[float | None], at: int) -> Without:
    mine = standing[at]
    if score is None or mine is None:
        return Without(actor, 0.0, None, wording.without(actor, 0.0, None))
    rank = 1 + sum(1 for place, other in enumerate(standing) if place != at and other is not None and other > mine)
    return Without(actor, score, rank, wording.without(actor, score, rank))
