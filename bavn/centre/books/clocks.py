"""The sector's clocks read from the centre's tables: one for each indicator, and how many of each stand where.

Refuses to compute: clock.py does.
"""

from bavn.centre.books.clock import IndicatorClock, clock_of
from bavn.centre.cases.case.cases import Cases, UnknownCase
from bavn.centre.cases.indicators.indicators import Indicators, UnknownLife
from bavn.centre.cases.sector_switch import SectorSwitch
from bavn.centre.share.deliveries import Deliveries, Kept
from bavn.model.moment import HOUR_US
from bavn.model.sector.case import Clocks
from bavn.model.text import Text


class UnknownIndicator(Exception):
    """No indicator has that id. The person who asked must act."""


class ClockBook:
    """May be asked from any thread and process."""

    def __init__(self, cases: Cases, lives: Indicators, deliveries: Deliveries, switch: SectorSwitch) -> None:
        self._cases, self._lives, self._deliveries, self._switch = cases, lives, deliveries, switch

    def clock(self, indicator_id: str) -> IndicatorClock:
        """From first sighting to enforced at each actor, and the slowest step. Raises UnknownIndicator."""
        kept = self._deliveries.get(indicator_id)
        if kept is None:
            raise UnknownIndicator(Text("no indicator is called {indicator_id}", indicator_id=repr(indicator_id[:60])))
        return self._clock_of(kept)

    def clocks(self, limit: int | None = None) -> tuple[IndicatorClock, ...]:
        """Of all indicators, or so many, the latest release first."""
        return tuple(self._clock_of(kept) for kept in self._deliveries.every(limit))

    def life_counts(self) -> dict[str, int]:
        """How many indicators stand where."""
        return self._lives.counts()

    def delivery_counts(self) -> dict[str, int]:
        """How many letters to actors stand how."""
        return self._deliveries.counts()

    def switch_on(self) -> bool:
        """Whether the sector's kill switch is on."""
        turned = self._switch.now()
        return turned is not None and turned.on

    def _clock_of(self, kept: Kept) -> IndicatorClock:
        """What a person drafted by hand has no lead: its clock starts with the second person's agreement."""
        wanted_id = kept.indicator.id
        try:
            life = self._lives.get(wanted_id)
            confirmed_us, released_us = life.approved_us or life.put_us, life.released_us or kept.released_us
        except UnknownLife:
            confirmed_us, released_us = None, kept.released_us
        try:
            clocks = self._cases.case(kept.indicator.case_id).clocks
        except UnknownCase:
            clocks = Clocks(confirmed_us=confirmed_us)
        sightings = self._deliveries.sightings(wanted_id)
        met_us = [one.first_hour * HOUR_US for one in sightings if one.count_bucket and one.first_hour is not None]
        return clock_of(
            clocks, kept, self._deliveries.at_actors(wanted_id, released_us), released_us, min(met_us, default=None)
        )
