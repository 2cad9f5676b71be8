"""All correlators over all reports: findings, joined into leads, ranked. Pure: same reports, same context, same leads.

A new correlator is a file beside shared_element.py (with *Sees, Misses, Innocent, Do first*), its cases, and one name
in CORRELATORS. Refuses to open cases.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bavn.centre.correlate import shared_element, wording
from bavn.centre.correlate.cluster import cluster, lead_ids
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.score import Weighed, speakers, weigh
from bavn.model.lead import Lead, Sign
from bavn.model.observable import Observable
from bavn.model.text import Text


class Correlator(Protocol):
    """Reports -> elements with a score."""

    def __call__(self, signs: Iterable[Sign], context: Context, /) -> tuple[Weighed, ...]: ...


CORRELATORS: Final[tuple[Correlator, ...]] = (shared_element.find,)


@dataclass(frozen=True, slots=True)
class Without:
    """What would be left of a lead if one actor had reported nothing at all. ``rank`` None: no lead."""

    actor: str
    score: float
    rank: int | None
    why: Text


@dataclass(frozen=True, slots=True)
class Ranked:
    """A lead with what stands behind it: its elements best first (the lead has the score and terms of the first), and
    the counterfactual for each actor."""

    lead: Lead
    elements: tuple[Weighed, ...]
    without: tuple[Without, ...]


def correlate(signs: Iterable[Sign], context: Context, before: Mapping[Observable, str]) -> tuple[Ranked, ...]:
    """The leads, best first. ``before``: which lead each element belonged to so far (cluster.lead_ids)."""
    heard = sorted(signs, key=lambda sign: (sign.observable, sign.actor, sign.report_id))
    found: dict[Observable, Weighed] = {}
    for correlator in CORRELATORS:
        for weighed in correlator(heard, context):
            known = found.get(weighed.observable)
            if known is None or weighed.score > known.score:
                found[weighed.observable] = weighed
    clusters = cluster([found[observable] for observable in sorted(found)])
    ids = lead_ids(clusters, before)
    order = sorted(zip(clusters, ids, strict=True), key=_lead_order)[: context.settings.leads_max]
    scores = [members[0].score for members, _ in order]
    left_of = [_without_each(members, context) for members, _ in order]
    return tuple(
        _ranked(rank, lead_id, members, left_of, scores) for rank, (members, lead_id) in enumerate(order, start=1)
    )


def _lead_order(pair: tuple[list[Weighed], str]) -> tuple[float, int, int, str]:
    best, first_hour = pair[0][0], min(sign.first_hour for weighed in pair[0] for sign in weighed.signs)
    return (-best.score, -best.groups, first_hour, pair[1])


def _without_each(members: Sequence[Weighed], context: Context) -> dict[str, float | None]:
    """actor -> best score of the cluster's elements without its reports; None where fewer than two hold any."""
    left: dict[str, float | None] = {}
    for actor in sorted({sign.actor for weighed in members for sign in weighed.signs}):
        scores = []
        for weighed in members:
            rest = [sign for sign in weighed.signs if sign.actor != actor]
            if len(rest) == len(weighed.signs):
                scores.append(weighed.score)
            elif len(rest) >= shared_element.ACTORS_MIN:
                scores.append(weigh(weighed.observable, rest, context).score)
        left[actor] = max(scores, default=None)
    return left


def _ranked(
    rank: int, lead_id: str, members: Sequence[Weighed], left_of: Sequence[Mapping[str, float | None]],
    scores: Sequence[float],
) -> Ranked:  # fmt: skip
    best = members[0]
    signs = tuple(sign for weighed in members for sign in weighed.signs)
    lead = Lead(
        id=lead_id,
        rank=rank,
        score=best.score,
        observables=tuple(weighed.observable for weighed in members),
        actors=tuple(sorted({sign.actor for sign in signs})),
        signs=signs,
        terms=best.terms,
        without=tuple((actor, left or 0.0) for actor, left in left_of[rank - 1].items()),
        first_hour=min(sign.first_hour for sign in signs),
        last_hour=max(sign.last_hour for sign in signs),
    )
    return Ranked(lead, tuple(members), tuple(_without(rank, actor, left_of, scores) for actor in lead.actors))


def _without(rank: int, actor: str, left_of: Sequence[Mapping[str, float | None]], scores: Sequence[float]) -> Without:
    """The score left, and the rank among all other leads as they would stand without this actor's reports."""
    left = left_of[rank - 1][actor]
    if left is None:
        return Without(actor, 0.0, None, wording.without(actor, 0.0, None))
    others = (left_of[at].get(actor, scores[at]) for at in range(len(scores)) if at != rank - 1)
    place = 1 + sum(1 for other in others if other is not None and other > left)
    return Without(actor, left, place, wording.without(actor, left, place))


def representatives(signs: Iterable[Sign]) -> tuple[Sign, ...]:
    """One report of each actor and element, for counting (sharing.fit)."""
    by_element: dict[Observable, list[Sign]] = {}
    for sign in signs:
        by_element.setdefault(sign.observable, []).append(sign)
    return tuple(sign for observable in sorted(by_element) for sign in speakers(by_element[observable]))
