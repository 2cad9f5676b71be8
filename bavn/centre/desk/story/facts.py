"""What the centre's books hold of one attack, by the id of its lead, its case or an indicator of it.

All three tell the same: they are names of one thing. Asks no actor. Refuses to say anything in words, and to know more
of a sighting than its hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bavn.centre.books import tables as t
from bavn.centre.books.clock import only_hunted
from bavn.centre.books.first_sighting import by_actor, first_of, first_sighting_us, hours_of_leads
from bavn.centre.books.leads import LeadView, first_reports_on, signs_on
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.rows import UnknownCase
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.score import reported_hour
from bavn.centre.desk.case.timeline import CENTRE_WORD
from bavn.centre.desk.desk import Desk
from bavn.centre.share.deliveries import AtActor, Kept
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.received import Observed
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.lead import Sign
from bavn.model.text import Text

CONFIRMED: Final = (CaseState.CONFIRMED, CaseState.RELEASED, CaseState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an actor reported first: the hour it says, when the report came, and how odd at most (the p-bucket)."""

    actor: str
    first_us: int
    received_us: int
    p_bucket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What became of the indicators at an actor. ``blocked_us``, ``lifted_us``: when the centre heard it first and
    last; ``cannot``: nothing there carries them, or its own rules refuse them."""

    actor: str
    blocked_us: int | None
    lifted_us: int | None
    cannot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFacts:
    """``observables``: the best first. ``first_us``: the first sighting, of an hour; ``by_actor``: of each actor that
    met it; ``first``: whose it was. ``opened_us``: when its evidence passed the centre's line, or a person opened a
    case below it (``opened_by``). ``rank``: now; None where it is no lead any more."""

    observables: tuple[Observable, ...]
    opening: Text
    now_us: int
    lead_id: str = ""
    rank: int | None = None
    case_id: str = ""
    state: CaseState | None = None
    indicator_id: str = ""
    first_us: int | None = None
    by_actor: Mapping[str, int] = field(default_factory=dict)
    first: frozenset[str] = frozenset()
    first_report_us: int | None = None
    lead_us: int | None = None
    opened_us: int | None = None
    opened_by: str = ""
    confirmed_us: int | None = None
    dismissed_us: int | None = None
    released_us: int | None = None
    lifted_us: int | None = None
    reports: tuple[Report, ...] = ()
    met: tuple[Observed, ...] = ()
    places: tuple[Place, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """People, or a policy of theirs, say that it is an attack."""
        return self.state in CONFIRMED if self.state is not None else self.released_us is not None

    @property
    def is_harmless(self) -> bool:
        """People found it harmless."""
        return self.state is CaseState.DISMISSED

    @property
    def blocking(self) -> tuple[Place, ...]:
        """Actors where it came into force, in that order."""
        found = [place for place in self.places if place.blocked_us is not None]
        return tuple(sorted(found, key=lambda place: (place.blocked_us or 0, place.actor)))


def story_facts(desk: Desk, subject: str) -> StoryFacts:
    """``subject``: lead-..., case-... or indicator--.... Raises UnknownLead, UnknownCase and UnknownLife."""
    if subject.startswith("indicator--"):
        life = desk.indicator_book.get(subject)
        try:
            case = desk.cases.case(life.case_id)
        except UnknownCase:
            return _facts(desk, None, None, (life,), subject)
        return _facts(desk, case, desk.lead_book.lead(case.lead_id), _lives(desk, case), subject)
    if subject.startswith("case-"):
        case = desk.cases.case(subject)
        return _facts(desk, case, desk.lead_book.lead(case.lead_id), _lives(desk, case))
    view, of_lead = desk.lead(subject), desk.cases.of_lead(subject)
    return _facts(desk, of_lead, view, () if of_lead is None else _lives(desk, of_lead))


def _ids(desk: Desk, case: Case) -> list[str]:
    """The case, and those that were merged into it."""
    return [case.id, *desk.files.merged_from(case.id)]


def _lives(desk: Desk, case: Case) -> tuple[Life, ...]:
    return tuple(life for case_id in _ids(desk, case) for life in desk.indicator_book.of_case(case_id))


def _facts(
    desk: Desk, case: Case | None, view: LeadView | None, lives: Sequence[Life], subject: str = ""
) -> StoryFacts:
    observables = _observables(case, view, lives)
    released = [(life, kept) for life in lives if (kept := desk.deliveries.get(life.id)) is not None]
    met = tuple(
        sighting
        for life, _ in released
        for sighting in desk.deliveries.sightings(life.id)
        if sighting.count_bucket and sighting.first_hour is not None
    )
    signs, remembered = _signs(desk, observables, view)
    first_us, hours = _first_us(desk, case, view, met), by_actor(signs, met)
    return StoryFacts(
        observables=observables,
        opening=_opening(desk, view, observables),
        now_us=desk.now_us(),
        lead_id="" if view is None else view.lead.id,
        rank=view.lead.rank if view is not None and view.alive else None,
        indicator_id=subject or (released[0][0].id if released else ""),
        by_actor=hours,
        first=first_of(hours, first_us),
        first_us=first_us,
        first_report_us=None if view is None else view.first_report_us,
        lead_us=None if view is None else view.first_us,
        reports=_reports(signs, remembered),
        met=met,
        **_of_case(desk, case),
        **_of_releases(desk, released),
    )


def _first_us(desk: Desk, case: Case | None, view: LeadView | None, met: Sequence[Observed]) -> int | None:
    """The first sighting, as it is told everywhere."""
    if case is not None:
        return desk.first_sighting(case)
    if view is None:
        return first_sighting_us(None, (one.first_hour * HOUR_US for one in met if one.first_hour is not None))
    with t.reading(desk.engine) as connection:
        (hour,) = hours_of_leads(connection, [(reported_hour(view.lead, view.elements), view.lead.observables)])
    return hour * HOUR_US


def _observables(case: Case | None, view: LeadView | None, lives: Sequence[Life]) -> tuple[Observable, ...]:
    named = [] if case is None else [element.observable for element in case.facts.elements]
    named += [life.observable for life in lives]
    named += () if view is None else view.lead.observables
    return tuple(dict.fromkeys(named))


def _signs(
    desk: Desk, observables: Sequence[Observable], view: LeadView | None
) -> tuple[list[Sign], Mapping[str, int]]:
    """Every report on these that is kept, and those that the lead was ranked by last; and when the first report of each
    group came, which outlives the report."""
    with t.reading(desk.engine) as connection:
        kept, remembered = signs_on(connection, observables), first_reports_on(connection, observables)
    return [*kept, *(() if view is None else view.lead.signs)], remembered


def _reports(signs: Iterable[Sign], remembered: Mapping[str, int]) -> tuple[Report, ...]:
    """One for each actor: the earliest hour, the earliest arrival, the oddest. What is remembered of a group is of its
    actor where it has one only."""
    signs, by_name = list(signs), dict[str, list[Sign]]()
    actors = {group: {sign.actor for sign in signs if sign.group == group} for group in remembered}
    for sign in signs:
        by_name.setdefault(sign.actor, []).append(sign)
    return tuple(
        Report(
            actor=actor,
            first_us=min(sign.first_hour for sign in own) * HOUR_US,
            received_us=min(
                *(sign.received_us for sign in own),
                *(remembered[sign.group] for sign in own if len(actors.get(sign.group, ())) == 1),
                own[0].received_us,
            ),
            p_bucket=max(sign.p_bucket for sign in own),
        )
        for actor, own in sorted(by_name.items())
    )


def _opening(desk: Desk, view: LeadView | None, observables: Sequence[Observable]) -> Text:
    if view is not None:
        return desk.reviews([view])[0].opening
    return Text("This is about {what}: no lead of it is kept.", what=phrases.elements(observables))


def _of_case(desk: Desk, case: Case | None) -> dict[str, Any]:
    if case is None:
        return {}
    lines = desk.cases.audit_lines(case.id)
    opened = next((line.who for line in lines if line.act == "open"), "")
    dismissed = [line.at_us for line in lines if line.act == CaseAct.DISMISS.value]
    return {
        "case_id": case.id,
        "state": case.state,
        "opened_us": case.opened_us,
        "opened_by": "" if opened == CENTRE_WORD else opened,
        "confirmed_us": case.clocks.confirmed_us,
        "dismissed_us": dismissed[-1] if dismissed and case.state is CaseState.DISMISSED else None,
    }


def _of_releases(desk: Desk, released: Sequence[tuple[Life, Kept]]) -> dict[str, Any]:
    if not released:
        return {}
    ends = [_ends_us(kept) for _, kept in released]
    gone = [at_us for at_us in ends if at_us <= desk.now_us()]
    at = [
        place
        for life, kept in released
        for place in desk.deliveries.at_actors(life.id, life.released_us or kept.released_us)
    ]
    return {
        "released_us": min(life.released_us or kept.released_us for life, kept in released),
        "lifted_us": max(gone) if len(gone) == len(ends) else None,
        "places": _places(at),
    }


def _ends_us(kept: Kept) -> int:
    """When it was taken back, or else when it ends by itself."""
    until_us = kept.indicator.valid_until_us
    return until_us if kept.withdrawn_us is None else min(kept.withdrawn_us, until_us)


def _places(at: Iterable[AtActor]) -> tuple[Place, ...]:
    by_name: dict[str, list[AtActor]] = {}
    for place in at:
        by_name.setdefault(place.actor, []).append(place)
    return tuple(_place(actor, own) for actor, own in sorted(by_name.items()))


def _place(actor: str, own: Sequence[AtActor]) -> Place:
    blocked = [place.enforced_us for place in own if place.enforced_us is not None]
    lifted = [place.state_us for place in own if place.state == "lifted" and place.state_us is not None]
    return Place(
        actor=actor,
        blocked_us=min(blocked, default=None),
        lifted_us=max(lifted) if blocked and len(lifted) == len(own) else None,
        cannot=not blocked and all(place.state == "refused" or only_hunted(place) for place in own),
    )
