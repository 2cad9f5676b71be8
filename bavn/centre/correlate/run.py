"""All correlators over all reports: findings, joined into leads, ranked. Pure: same reports, same context, same leads.
The first places are rank_cap.py's.

A new correlator is a file beside shared_element.py (with *Sees, Misses, Innocent, Do first*), its cases, and one name
in CORRELATORS. Refuses to open cases.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from bavn.centre.correlate import joint_scan, shared_element, wording
from bavn.centre.correlate.bounds.rank_cap import PLACES, SPARE, placed
from bavn.centre.correlate.cluster import cluster, lead_ids
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.counterfactual import Without, actors_of, counterfactuals
from bavn.centre.correlate.kin import ByElement, Links, links_of
from bavn.centre.correlate.laws.fitted import ASSUMED
from bavn.centre.correlate.priority import points_of, reasons_of
from bavn.centre.correlate.score import Weighed, speakers
from bavn.model.failure import Failures, NoContainment
from bavn.model.observable import Observable
from bavn.model.sector.lead import Lead, Reason, Sign
from bavn.model.text import Text


class Correlator(Protocol):
    """Reports by element -> elements with a score."""

    def __call__(
        self, elements: ByElement, links: Links, context: Context, wanted: Collection[Observable], /
    ) -> tuple[Weighed, ...]: ...


CORRELATORS: Final[tuple[Correlator, ...]] = (shared_element.find, joint_scan.find)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A lead with what stands behind it: its elements best first (the lead has the score and terms of the first), and
    the counterfactual for each actor."""

    lead: Lead
    elements: tuple[Weighed, ...]
    without: tuple[Without, ...]


def correlate(
    signs: Iterable[Sign], context: Context, before: Mapping[Observable, str], failures: Failures | None = None
) -> tuple[Ranked, ...]:
    """The leads, best first. ``before``: which lead each element belonged to so far (cluster.lead_ids). A correlator
    that fails finds nothing, and the others are not touched; ``failures`` None raises it."""
    failures = failures or NoContainment()
    standing = _standing(signs, context, before, failures)
    elements, links = standing.elements, standing.links
    leads = [members for members, _ in standing.order]

    def found_without(actor: str, wanted: Collection[Observable]) -> dict[Observable, Weighed]:
        rest = {
            observable: signs
            for observable, signs in _by_element(
                sign for signs in elements.values() for sign in signs if sign.actor != actor
            ).items()
            if len(signs) == len(elements[observable]) or _shown(signs, context)
        }
        return _weighed(rest, links.without(actor), context, [one for one in wanted if one in rest], failures)

    without = counterfactuals(leads, links, context, found_without)
    left = [_left(members, one, context) for members, one in zip(leads, without, strict=True)]
    ranked = []
    for rank, at in placed([priority for priority, _ in left]):
        members, lead_id = standing.order[at]
        lead = _lead(rank, lead_id, members, without[at], context)
        if rank != at + 1:
            why = wording.rank_cap(at + 1, rank, left[at][1], PLACES)
            lead = replace(lead, reasons=(*lead.reasons, Reason("rank-cap", 0.0, why)))
        ranked.append(Ranked(lead, tuple(members), without[at]))
    return tuple(ranked)


def _priority(members: Sequence[Weighed], context: Context) -> float:
    return members[0].score + points_of(actors_of(members), context)


def _left(members: Sequence[Weighed], without: Sequence[Without], context: Context) -> tuple[float | None, Text]:
    """The least priority that a lead has without one of its actors, None where it hangs on too few; and why."""
    actors = actors_of(members)
    if any(left_out.rank is None for left_out in without):
        return None, wording.hangs_on_few(1)
    if not any(_shown(weighed.signs, context, SPARE) for weighed in members):
        return None, wording.hangs_on_few(SPARE)
    least, actor = min(
        (left_out.score + points_of([name for name in actors if name != left_out.actor], context), left_out.actor)
        for left_out in without
    )
    return least, wording.hangs_on(actor)


def by_priority(signs: Iterable[Sign], context: Context) -> list[list[Weighed]]:
    """The elements of each lead, by priority alone: without counterfactuals, and so without the rank cap."""
    return [members for members, _ in _standing(signs, context, {}, NoContainment()).order]


@dataclass(frozen=True, slots=True)
class _Standing:
    """``order``: each lead's elements, best first, and its id; by priority."""

    elements: dict[Observable, list[Sign]]
    links: Links
    order: Sequence[tuple[list[Weighed], str]]


def _standing(
    signs: Iterable[Sign], context: Context, before: Mapping[Observable, str], failures: Failures
) -> _Standing:
    heard = sorted(signs, key=lambda sign: (sign.observable, sign.actor, sign.report_id))
    elements = _by_element(heard)
    links = links_of(elements)
    found = _weighed(elements, links, context, elements, failures)
    clusters = cluster([found[observable] for observable in sorted(found)], elements, links, context)
    ids = lead_ids(clusters, before)
    order = sorted(zip(clusters, ids, strict=True), key=lambda pair: _lead_order(pair[0], pair[1], context))
    return _Standing(elements, links, order[: context.settings.leads_max])


def _by_element(signs: Iterable[Sign]) -> dict[Observable, list[Sign]]:
    """Reports by element; those that only one actor reports are no part of any lead, and say nothing of others."""
    elements: dict[Observable, list[Sign]] = {}
    for sign in signs:
        elements.setdefault(sign.observable, []).append(sign)
    return {
        observable: signs
        for observable, signs in elements.items()
        if len({sign.actor for sign in signs}) >= shared_element.ACTORS_MIN
    }


def _shown(signs: Iterable[Sign], context: Context, spare: int = 0) -> bool:
    """Whether rounds would name it, whichever ``spare`` groups of actors reported nothing."""
    holders: dict[str, set[str]] = {}
    for sign in signs:
        holders.setdefault(sign.tier, set()).add(sign.group if spare else sign.actor)
    return context.shows(holders, spare)


def _weighed(
    elements: ByElement, links: Links, context: Context, wanted: Collection[Observable], failures: Failures
) -> dict[Observable, Weighed]:
    """What the correlators find; an element that several find stands with its highest score."""
    by_observable: dict[Observable, Weighed] = {}
    for correlator in CORRELATORS:
        part = f"correlator {name_of(correlator)}"
        try:
            results = tuple(correlator(elements, links, context, wanted))
        except Exception as error:  # noqa: BLE001  what nobody foresaw costs this correlator's results and no more
            failures.note(part, error)
            continue
        failures.works(part)
        for weighed in results:
            known = by_observable.get(weighed.observable)
            if known is None or weighed.score > known.score:
                by_observable[weighed.observable] = weighed
    return by_observable


def name_of(correlator: Correlator) -> str:
    """The name of the file that holds it."""
    return getattr(correlator, "__module__", type(correlator).__name__).rpartition(".")[2]


def _lead_order(members: list[Weighed], lead_id: str, context: Context) -> tuple[float, float, int, int, str]:
    best, first_hour = members[0], min(sign.first_hour for weighed in members for sign in weighed.signs)
    return (-_priority(members, context), -best.score, -best.groups, first_hour, lead_id)


def _lead(rank: int, lead_id: str, members: Sequence[Weighed], without: Sequence[Without], context: Context) -> Lead:
    best = members[0]
    signs = tuple(sign for weighed in members for sign in weighed.signs)
    actors = actors_of(members)
    return Lead(
        id=lead_id,
        rank=rank,
        score=best.score,
        observables=tuple(weighed.observable for weighed in members),
        actors=actors,
        signs=signs,
        terms=best.terms,
        without=tuple((one.actor, one.score) for one in without),
        first_hour=min(sign.first_hour for sign in signs),
        last_hour=max(sign.last_hour for sign in signs),
        reasons=reasons_of(actors, context),
    )


def representatives(signs: Iterable[Sign]) -> tuple[Sign, ...]:
    """One report of each actor and element, for counting (sharing.fit)."""
    by_element: dict[Observable, list[Sign]] = {}
    for sign in signs:
        by_element.setdefault(sign.observable, []).append(sign)
    return tuple(sign for observable in sorted(by_element) for sign in speakers(by_element[observable], ASSUMED))
