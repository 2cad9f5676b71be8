"""What a document is built from: plain values that the centre's node gathers. No actor is named in any of them, and no
observable: what is not here cannot be published.

Refuses to know tables and gates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bavn.centre.publish.threat import Level, Threat
from bavn.model.intel.indicator import Tlp
from bavn.model.sector.case import CaseState
from bavn.model.sector.partner import tlp_within
from bavn.model.sector.tally import is_known

CONFIRMED = (CaseState.CONFIRMED, CaseState.RELEASED, CaseState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFact:
    """``threat``: as a person chose it, with name and reason; None where nobody has. ``actors``: how many are in it.
    Moments in us."""

    id: str
    state: CaseState
    tlp: Tlp
    rsit: str
    threat: Threat | None
    threat_by: str
    techniques: tuple[str, ...]
    actors: int
    opened_us: int
    first_sighting_us: int | None
    confirmed_us: int | None

    @property
    def confirmed(self) -> bool:
        """A person, or a policy that two people approved, found it to be malicious, and nobody took that back."""
        return self.confirmed_us is not None and self.state in CONFIRMED


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFact:
    """A lead as last ranked. ``actors``: how many report it."""

    id: str
    first_us: int
    alive: bool
    actors: int
    techniques: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFact:
    """``steps``: (name, when in us or None), in the order of the sector's clock. ``given``, ``enforced``: at how many
    actors; ``unblockable``, ``watch_only``: at how many it cannot come into force, since nothing there carries such a
    thing, or since it may only be watched and nothing there watches.
    ``seen``, ``blocked``, ``retro``: how many actors met it live, stopped it, found it in their history."""

    id: str
    case_id: str
    tlp: Tlp
    technique: str
    released_us: int
    live: bool
    steps: tuple[tuple[str, int | None], ...]
    given: int
    enforced: int
    seen: int
    blocked: int
    retro: int
    unblockable: int = 0
    watch_only: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFact:
    """A sum under differential privacy over [first_day, last_day], as bavn.centre.desk.counts tells it."""

    first_day: int
    last_day: int
    what: str
    entry: str
    kind: str
    told: int
    value: int
    low: int
    high: int

    @property
    def known(self) -> bool:
        """Clear of its noise; else nothing may be told of it."""
        return is_known(self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFact:
    """An actor without its name. ``health_us``: when its node last said how it is, None for never; ``sensor`` in its
    word (up, down, none); ``loss_permille`` of capture; ``functions`` it delivers. ``since_us``: when it was first let
    in. ``sees``: detectors that could find
    something there now; ``against``: why it could see nothing at all, empty if nothing speaks against it."""

    kind: str
    active: bool
    functions: tuple[str, ...]
    health_us: int | None
    sensor: str
    loss_permille: int
    since_us: int = 0
    sees: tuple[str, ...] = ()
    against: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideFact:
    """What one sort of party outside the sector proposed in the period: observables new to the centre, and how many of
    them were met here. ``parties``: how many said something."""

    kind: str
    parties: int
    proposed: int
    met: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFact:
    """A question to the sector: how many actors it went to, answered, met something, declined."""

    id: str
    asked_us: int
    to: int
    answered: int
    met: int
    declined: int


@dataclass(frozen=True, slots=True)
class LevelSet:
    """A level that a person set."""

    threat: Threat
    level: Level
    by: str
    why: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Period:
    """``name``: 2026-10, 2026-Q3 or a day. [first_us, end_us) in whole days of UTC."""

    name: str
    first_us: int
    end_us: int

    def holds(self, at_us: int | None) -> bool:
        """Whether a moment lies in it."""
        return at_us is not None and self.first_us <= at_us < self.end_us

    @property
    def before(self) -> "Period":
        """As long a time just before."""
        return Period("", self.first_us - (self.end_us - self.first_us), self.first_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """``counts``: over the whole period; ``counts_by_span``: all actors together, in equal spans of it. ``tlp``: of the
    document to be."""

    sector: str
    period: Period
    now_us: int
    tlp: Tlp
    cases: tuple[CaseFact, ...] = ()
    leads: tuple[LeadFact, ...] = ()
    indicators: tuple[IndicatorFact, ...] = ()
    counts: tuple[CountFact, ...] = ()
    counts_by_span: tuple[CountFact, ...] = ()
    members: tuple[MemberFact, ...] = ()
    outside: tuple[OutsideFact, ...] = ()
    questions: tuple[QuestionFact, ...] = ()
    levels: tuple[LevelSet, ...] = ()

    def shown(self, cases: Sequence[CaseFact]) -> tuple[CaseFact, ...]:
        """Those whose marking lets the document tell of them."""
        return tuple(one for one in cases if tlp_within(one.tlp, self.tlp))

    def confirmed_in(self, period: Period) -> tuple[CaseFact, ...]:
        """Cases confirmed in a period, oldest first."""
        found = [one for one in self.cases if one.confirmed and period.holds(one.confirmed_us)]
        return tuple(sorted(found, key=lambda one: (one.confirmed_us or 0, one.id)))

    @property
    def active(self) -> tuple[MemberFact, ...]:
        return tuple(one for one in self.members if one.active)

    @property
    def took_part(self) -> tuple[MemberFact, ...]:
        """Active actors that were let in before half of the period was over: of a time before that an actor's node
        tells nothing, however well it is heard now."""
        middle_us = (self.period.first_us + self.period.end_us) // 2
        return tuple(one for one in self.active if one.since_us <= middle_us)
