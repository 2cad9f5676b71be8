"""Confirmed attacks that were met here, with this actor's case, its reports and its suspicions of the same.

The command line, the console and the host's page ask here alike. Refuses to act, and to decide what is confirmed:
bavn.actor.protect.confirmed does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bavn.actor.door.conversations.case_book import CASES_SQL, KeptCase, cases_of
from bavn.actor.door.queries import told_elements
from bavn.actor.door.suspicions import Ranked, names_of
from bavn.actor.protect.confirmed import Confirmed, confirmed_named, hits
from bavn.app.node.book_queries import Asks
from bavn.model.suspicion import Suspicion


@dataclass(frozen=True, slots=True, kw_only=True)
class HitHere:
    """A confirmed element that was met here. ``case``: the sector's case of it, where this actor is in one;
    ``reported``: this actor had reported it, too; ``suspicions``: those of own machines that name it."""

    confirmed: Confirmed
    case: KeptCase | None
    reported: bool
    suspicions: tuple[Ranked, ...]

    @property
    def first_us(self) -> int | None:
        """When it was first seen here."""
        return first_seen_us(self.confirmed, (entry.suspicion for entry in self.suspicions))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Own machines that met it, as far as they are named: by the hunt of own history or by a suspicion."""
        return tuple(dict.fromkeys((*self.confirmed.named, *(one.suspicion.host for one in self.suspicions))))


def first_seen_us(known: Confirmed | None, suspicions: Iterable[Suspicion]) -> int | None:
    """When an element was first seen here: the earliest of what the hunt of own history, blocks and sightings met and
    of what is suspected of it. Every page of it asks here."""
    moments = [suspicion.first_us for suspicion in suspicions]
    if known is not None and known.first_us is not None:
        moments.append(known.first_us)
    return min(moments, default=None)


def hits_here(rows: Asks, suspected: Sequence[Ranked]) -> list[HitHere]:
    """All of them, those that nobody has taken first."""
    met, cases = hits(rows), cases_of(rows(CASES_SQL))
    if not met:
        return []
    wanted = {hit.observable.value for hit in met}
    by_value: dict[str, list[Ranked]] = {}
    for entry in suspected:
        for value in names_of(entry.suspicion) & wanted:
            by_value.setdefault(value, []).append(entry)
    reported = told_elements(rows, sorted(wanted))
    return [
        HitHere(
            confirmed=hit,
            case=next((case for case in cases if of_case(case, [hit])), None),
            reported=str(hit.observable) in reported,
            suspicions=tuple(by_value.get(hit.observable.value, ())),
        )
        for hit in met
    ]


def of_case(case: KeptCase, met: Iterable[Confirmed]) -> list[Confirmed]:
    """Of these hits those that belong to a case. What a case says of this actor's own elements counts both: what it
    reported, and what it only met."""
    return [hit for hit in met if hit.case_id == case.case_id or str(hit.observable) in own_of(case)]


def own_of(case: KeptCase) -> list[str]:
    """The elements of a case that this actor has to do with, as ``type:value``."""
    return [f"{own['type']}:{own['value']}" for own in case.part["own"]]


class ConfirmedWords:
    """The sector's word on suspicions: asked once for a page of them."""

    def __init__(self, rows: Asks, entries: Iterable[Ranked]) -> None:
        values = {value for entry in entries for value in names_of(entry.suspicion)}
        self._known: Mapping[str, Confirmed] = confirmed_named(rows, values) if values else {}

    def on(self, entry: Ranked) -> Confirmed | None:
        """What the sector confirmed of what this suspicion names; of several that which was met most."""
        found = [self._known[value] for value in names_of(entry.suspicion) if value in self._known]
        return max(found, key=lambda one: (one.count, one.indicator_id), default=None)
