"""What a pilot came to, as facts: who stood where alone, what only the sector saw, what left, what was blocked, and
what nobody could have seen. Pure; refuses to find words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

from bavn.actor.detect.rank import Ranked
from bavn.app.pilot.play import Decision, LeadSeen, SectorPlay
from bavn.app.pilot.reading import ReadActor
from bavn.app.policy.left import LeftDays, has_left, left_in, strongest
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.sector.coverage import SIGHTS
from bavn.model.text import Text
from bavn.psi.element import as_element
from bavn.wire.privacy import Privacy

WINDOW_DAYS: Final = 7
"""So long a strong suspicion stays in the sets of rounds after its last record (docs/reference/policy.md)."""
SHORT_DAYS: Final = 3
KINDS: Final = tuple(sorted({kind for sight in SIGHTS.values() for kind in sight.needs}))


@dataclass(frozen=True, slots=True)
class Alone:
    """Where an actor itself had what a lead is about. ``rank`` 0: nowhere. ``told_us``: when its people would first
    have been told, in played time; None for never."""

    actor: str
    rank: int
    above: bool
    told_us: int | None


@dataclass(frozen=True, slots=True)
class SectorLead:
    """A lead, with where each of its actors had it alone."""

    seen: LeadSeen
    alone: tuple[Alone, ...]

    @property
    def only_sector(self) -> bool:
        """Whether none of them had it above its own alert line."""
        return not any(where.above for where in self.alone)


@dataclass(frozen=True, slots=True)
class LeftKind:
    """How much of one kind of message left, over all actors."""

    privacy: Privacy
    kind: str
    count: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class PilotFacts:
    """``moved_days``: by how many days an actor's history was moved, where that was asked for. ``sector`` None: nobody
    had anything to say, so that nothing was played. ``beside``: what lay beside the folders, with the reason."""

    actors: tuple[ReadActor, ...]
    moved_days: Mapping[str, int]
    sector: SectorPlay | None
    beside: tuple[tuple[str, Text], ...] = ()

    @property
    def read(self) -> tuple[ReadActor, ...]:
        """Those of whom anything could be read."""
        return tuple(actor for actor in self.actors if actor.findings is not None)

    @cached_property
    def leads(self) -> tuple[SectorLead, ...]:
        """What became a case, those that only the sector saw first."""
        seen = self.sector.leads if self.sector else ()
        leads = [SectorLead(lead, self._alone(lead)) for lead in seen if lead.released]
        return tuple(sorted(leads, key=lambda lead: not lead.only_sector))

    @property
    def weaker(self) -> int:
        """How many more leads were too weak to become a case."""
        return sum(not lead.released for lead in self.sector.leads) if self.sector else 0

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What gate 4 made of the released indicators at the actors whose folders these are."""
        names = {actor.name for actor in self.actors}
        return tuple(decision for decision in self.sector.decisions if decision.actor in names) if self.sector else ()

    @property
    def blocks(self) -> tuple[Decision, ...]:
        """Those that went into force."""
        return tuple(made for made in self.decisions if made.act == "block" and made.standing == "wanted")

    @property
    def partly_read(self) -> bool:
        """Whether anything was not read, or a detector failed."""
        return bool(self.beside) or any(actor.partly_read for actor in self.actors)

    def period(self, actor: ReadActor) -> tuple[int, int]:
        """From its first record to its last, in played time."""
        by_us = self.moved_days.get(actor.name, 0) * DAY_US
        return (0, 0) if actor.findings is None else (actor.findings.first_us + by_us, actor.findings.last_us + by_us)

    def apart(self) -> tuple[tuple[str, str], ...]:
        """Pairs of actors whose periods lie further apart than suspicions live: nothing of theirs could meet."""
        pairs = []
        for actor, other in combinations(self.read, 2):
            earlier, later = sorted((self.period(actor), self.period(other)))
            if later[0] - earlier[1] > WINDOW_DAYS * DAY_US:
                pairs.append((actor.name, other.name))
        return tuple(pairs)

    def never_met(self) -> bool:
        """Whether no two actors had a time in common."""
        return len(self.read) > 1 and len(self.apart()) == len(self.read) * (len(self.read) - 1) // 2

    def left(self, name: str) -> LeftDays:
        """What left one actor, by class, with the words in it that name something."""
        sector = self.sector
        return left_in(sector.lines[name], 0, sector.end_us + 1) if sector else left_in((), 0, 1)

    def left_bytes(self, name: str) -> tuple[int, int]:
        """How many messages and bytes left one actor."""
        left = [line for line in (self.sector.lines[name] if self.sector else ()) if has_left(line)]
        return len(left), sum(line.bytes for line in left)

    def left_kinds(self) -> tuple[LeftKind, ...]:
        """Everything that left, over all actors, by class and kind."""
        counts: Counter[tuple[Privacy, str]] = Counter()
        sizes: Counter[tuple[Privacy, str]] = Counter()
        for lines in (self.sector.lines if self.sector else {}).values():
            for line in filter(has_left, lines):
                counts[strongest(line.privacy), line.kind] += 1
                sizes[strongest(line.privacy), line.kind] += line.bytes
        order = list(Privacy)
        return tuple(
            LeftKind(privacy, kind, count, sizes[privacy, kind])
            for (privacy, kind), count in sorted(counts.items(), key=lambda one: (order.index(one[0][0]), one[0][1]))
        )

    def _alone(self, lead: LeadSeen) -> tuple[Alone, ...]:
        elements = {as_element(observable) for observable in lead.view.lead.observables}
        return tuple(
            _where(actor, elements, self.moved_days.get(actor.name, 0) * DAY_US)
            for actor in self.actors
            if actor.name in lead.view.lead.actors
        )


def _where(actor: ReadActor, elements: set[Observable], by_us: int) -> Alone:
    findings = actor.findings
    own = [] if findings is None else [place for place in findings.suspicions if _names(place, elements)]
    if findings is None or not own:
        return Alone(actor.name, 0, above=False, told_us=None)
    told = [findings.told_us[place.suspicion.id] for place in own if place.suspicion.id in findings.told_us]
    best = min(own, key=lambda place: place.rank)
    first_us = min(told, default=None)
    return Alone(
        actor.name, best.rank, any(place.above for place in own), None if first_us is None else first_us + by_us
    )


def _names(place: Ranked, elements: set[Observable]) -> bool:
    return any(as_element(observable) in elements for observable in place.suspicion.observables)


def missing_kinds(rows: Mapping[str, int]) -> tuple[str, ...]:
    """Kinds of records that a detector reads and of which there is not one."""
    return tuple(kind for kind in KINDS if not rows.get(kind))


def blind(rows: Mapping[str, int]) -> tuple[str, ...]:
    """Detectors that could see nothing, by name."""
    return tuple(name for name, sight in SIGHTS.items() if not any(rows.get(kind) for kind in sight.needs))


def is_short(actor: ReadActor) -> bool:
    """Whether there is too little history to tell what repeats by the day, or what is new."""
    findings = actor.findings
    return findings is not None and findings.last_us - findings.first_us < SHORT_DAYS * DAY_US


def below_line(places: Sequence[Ranked], told: Iterable[str]) -> int:
    """How many suspicions nobody would have read though somebody was told of them."""
    known = set(told)
    return sum(not place.above and place.suspicion.id in known for place in places)
