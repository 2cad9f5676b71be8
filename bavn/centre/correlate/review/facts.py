"""What is counted of a lead before anything is said: who, how odd, since when, at what pace, on how many machines.

Taken from the reports and the names of the score's terms. Refuses to say anything and to score.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median_low
from typing import Final

from bavn.centre.correlate.counterfactual import Without
from bavn.centre.correlate.kin import PRINTS, is_inbound
from bavn.centre.correlate.score import Weighed, rhythm
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.sector.lead import Lead, Sign

HOURS_A_DAY: Final = 24
MANY_MACHINES: Final = 2
"""The bucket from which on a report is of more than three machines."""
ONE_VOICE_BUCKETS: Final = 6
"""One actor's report is far odder than most of the others': by so many halvings of chance, 64 times."""
NEW_DAYS: Final = 7
"""What two had met earlier than this before it was last seen is not new."""
WIDE_SHARE: Final = 0.5
WIDE_ACTORS: Final = 5
"""Fewer are never wide, however small the sector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    """``elements``: best first; all that is counted is of the first. ``heads``: one report of each independent actor,
    the oddest first. ``sector``: independent actors there are in all, 0 where that is not known.
    ``first_hour``: of the first sighting, patient zero included."""

    lead: Lead
    elements: tuple[Weighed, ...]
    without: tuple[Without, ...]
    heads: tuple[Sign, ...]
    sector: int
    first_hour: int

    @property
    def best(self) -> Weighed:
        """The element that the lead stands on."""
        return self.elements[0]

    @property
    def observable(self) -> Observable:
        return self.best.observable

    @property
    def count(self) -> int:
        """Independent actors."""
        return len(self.heads)

    @property
    def inbound(self) -> bool:
        """Whether it is of tries from outside."""
        return all(is_inbound(head) for head in self.heads)

    def nats(self, name: str) -> float:
        """What a term of the score is worth; 0 where the score has none of that name."""
        return sum(term.nats for term in self.lead.terms if term.name == name)

    @property
    def paced(self) -> tuple[int, int] | None:
        """(period bucket, independent actors that call in it), where two do or more."""
        counts = Counter(found for found in map(rhythm, self.heads) if found is not None)
        if not counts:
            return None
        bucket, many = max(counts.items(), key=lambda pair: (pair[1], -pair[0]))
        return (bucket, many) if many > 1 else None

    @property
    def together(self) -> tuple[Observable, ...]:
        """The lead's other elements, best first."""
        return tuple(one.observable for one in self.elements[1:])

    @property
    def prints(self) -> tuple[Observable, ...]:
        """Certificates and pairs of fingerprints among the elements."""
        return tuple(one.observable for one in self.elements if one.observable.type in PRINTS)

    @property
    def one_machine(self) -> int:
        """At how many actors it is a single machine."""
        return sum(head.hosts_bucket == 0 for head in self.heads)

    @property
    def many_machines(self) -> int:
        """At how many actors it is more than three machines."""
        return sum(head.hosts_bucket >= MANY_MACHINES for head in self.heads)

    @property
    def is_new(self) -> bool:
        """Whether two have met it within NEW_DAYS only, whatever the score makes of that."""
        hour = self.best.seen_hour
        return hour is None or self.lead.last_hour - hour <= NEW_DAYS * HOURS_A_DAY

    @property
    def spread_hours(self) -> int:
        """From the first actor that met it to the last, in hours."""
        firsts = [head.first_hour for head in self.heads]
        return max(firsts) - min(firsts)

    @property
    def others_bucket(self) -> int:
        """The p-bucket that most of the others, besides the oddest report, do not reach beyond."""
        others = [head.p_bucket for head in self.heads[1:]]
        return median_low(others) if others else self.heads[0].p_bucket

    @property
    def is_paced(self) -> bool:
        """Whether most of them call at one pace."""
        return self.paced is not None and 2 * self.paced[1] > self.count

    @property
    def is_wide(self) -> bool:
        """Whether its width speaks against an attack: much of the sector, or so many that the score says so."""
        many = not self.sector or self.wide >= WIDE_SHARE or self.nats("sharing") < 0
        return many and self.count >= WIDE_ACTORS

    @property
    def wide(self) -> float:
        """The share of the sector that reports it; 0 where the sector's size is not known."""
        return min(1.0, self.count / self.sector) if self.sector else 0.0


def facts_of(
    lead: Lead, elements: Sequence[Weighed], without: Sequence[Without], sector: int, first_hour: int
) -> LeadFacts:
    """Everything that is counted. ``elements`` must not be empty."""
    heads: dict[str, Sign] = {}
    for sign in sorted(elements[0].signs, key=lambda s: (-s.p_bucket, s.hosts_bucket, s.actor)):
        heads.setdefault(sign.group, sign)
    return LeadFacts(
        lead=lead,
        elements=tuple(elements),
        without=tuple(without),
        heads=tuple(heads.values()),
        sector=sector,
        first_hour=first_hour,
    )


def day_words(hour: int) -> str:
    """``2026-11-24``: the day in which an hour lies."""
    return datetime.fromtimestamp(hour * HOUR_US // SECOND_US, UTC).strftime("%Y-%m-%d")


def hour_words(hour: int) -> str:
    """``2026-11-24 16:00 UTC``: the hour in which something began, as people read it."""
    return datetime.fromtimestamp(hour * HOUR_US // SECOND_US, UTC).strftime("%Y-%m-%d %H:00 UTC")
