"""The sector's clocks read from the centre's tables: one for each indicator, and how many of each stand where.

Refuses to compute: clock.py does.
"""

from collections.abc import Sequence
from itertools import batched
from typing import Final

from bavn.centre.books.clock import IndicatorClock, clock_of
from bavn.centre.cases.case.case import Case
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.sector_switch import SectorSwitch
from bavn.centre.share.deliveries import Deliveries, Kept
from bavn.model.moment import HOUR_US
from bavn.model.received import Observed
from bavn.model.sector.case import Clocks
from bavn.model.text import Text

AT_ONCE: Final = 500
"""So many indicators are read together."""


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
        return self._clocks_of([kept])[0]

    def clocks(self, limit: int | None = None) -> tuple[IndicatorClock, ...]:
        """Of all indicators, or so many, the latest release first."""
        every = self._deliveries.every(limit)
        return tuple(clock for some in batched(every, AT_ONCE, strict=False) for clock in self._clocks_of(some))

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

    def _clocks_of(self, some: Sequence[Kept]) -> list[IndicatorClock]:
        """Of these, which are read together."""
        ids = [kept.indicator.id for kept in some]
        lives, sightings = self._lives.by_id(ids), self._deliveries.sightings_of(ids)
        cases = self._cases.by_id({kept.indicator.case_id for kept in some})
        released = {kept.indicator.id: _released_us(kept, lives.get(kept.indicator.id)) for kept in some}
        actors = self._deliveries.at_actors_of(released)
        return [
            clock_of(
                _moments(cases.get(kept.indicator.case_id), lives.get(wanted_id)),
                kept,
                actors[wanted_id],
                released[wanted_id],
                _met_us(sightings.get(wanted_id, ())),
            )
            for wanted_id, kept in zip(ids, some, strict=True)
        ]


def _released_us(kept: Kept, life: Life | None) -> int:
    return kept.released_us if life is None else life.released_us or kept.released_us


def _moments(case: Case | None, life: Life | None) -> Clocks:
    """What a person drafted by hand has no lead: its clock starts with the second person's agreement."""
    if case is not None:
        return case.clocks
    return Clocks(confirmed_us=None if life is None else life.approved_us or life.put_us)


def _met_us(sightings: Sequence[Observed]) -> int | None:
    met = (one.first_hour * HOUR_US for one in sightings if one.count_bucket and one.first_hour is not None)
    return min(met, default=None)
