"""Publishing at the centre, put together: facts gathered, a document built, kept and acted on; levels and sorts judged.

Refuses to render and to send: ``app`` does.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from bavn.centre.cases.intelligence.sources import Sources
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.gathering import DocumentRequest, gather
from bavn.centre.desk.partnership import audited_by, audited_by_centre, open_partners
from bavn.centre.publish.build import build, period_of
from bavn.centre.publish.document import Document, Kind
from bavn.centre.publish.editions import Edition, Editions
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.judgements import Judgements
from bavn.centre.publish.threat import Threat
from bavn.model.failure import Failures
from bavn.model.intel.indicator import Tlp
from bavn.model.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTerms:
    """Under what documents are made. ``publishers`` empty: anybody may approve."""

    sector: str
    tlp: Tlp = Tlp.GREEN
    publishers: tuple[str, ...] = ()


def editions_of(engine: Engine, clock: Clock, publishers: tuple[str, ...] = ()) -> Editions:
    """The documents that are kept on a centre's database, with its audit log behind each act."""
    return Editions(engine, clock, audited_by(clock), audited_by_centre(clock), publishers)


class Publishing:
    """May be open in several processes at once."""

    def __init__(self, desk: Desk, clock: Clock, terms: PublishTerms, failures: Failures | None = None) -> None:
        self._failures = failures
        self._desk, self._clock, self._terms = desk, clock, terms
        self._partners = open_partners(desk.engine, clock)
        people = audited_by(clock)
        self.editions = editions_of(desk.engine, clock, terms.publishers)
        self.judgements = Judgements(desk.engine, clock, people)
        self._sources = Sources(desk.engine, clock)

    def facts(self, kind: Kind, period: str = "", days: int = 30, *, leads: bool = True) -> DocumentFacts:
        """What a document is built from; without ``leads`` what threat levels are. ValueError for a period that is
        none, or not over yet."""
        span = period_of(kind, period, self._clock.now_us(), days)
        return gather(
            self._desk,
            self._partners,
            DocumentRequest(
                sector=self._terms.sector,
                period=span,
                tlp=self._terms.tlp,
                sorts=self.judgements.sorts(),
                levels=self.judgements.levels(),
                source_partners={one.source.name: one.source.partner for one in self._sources.every()},
                leads=leads,
            ),
        )

    def built(self, kind: Kind, period: str = "", days: int = 30) -> Document:
        """A document of data alone, kept nowhere."""
        return build(kind, self.facts(kind, period, days), self._failures)

    def draft(self, kind: Kind, period: str = "", days: int = 30) -> Edition:
        """The same, kept as a draft; see Editions.draft for what it raises."""
        return self.editions.draft(self.built(kind, period, days))

    def set_sort(self, case_id: str, threat: Threat | None, user: str, why: str) -> None:
        """What sort of threat a case is, by a person. Raises cases.UnknownCase, who.NotAllowed, ValueError."""
        self._desk.cases.case(case_id)
        self.judgements.set_sort(case_id, threat, user, why)
