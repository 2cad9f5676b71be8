"""Where a value, or a part of a name, stands in a node's own history, read from the sums of each hour.

A name is looked for by a part of it among what was queried, SNI and Host; an address, fingerprint or hash as a whole.
"""

from dataclasses import dataclass
from typing import Final

from bavn.actor.store.query.hunt import hunt
from bavn.model import counted
from bavn.model.intel.spelled import observable_of
from bavn.model.moment import DAY_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.ports import Window
from bavn.model.spans import day
from bavn.model.text import Text

SECONDS_MAX: Final = 5.0
"""How long one query of a look may take."""
_NAMES: Final = """
    SELECT name, CAST(sum(n) AS BIGINT), count(DISTINCT src), epoch_us(max(last_ts)) FROM name_hour
    WHERE contains(name, $part) GROUP BY name ORDER BY name = $part DESC, 2 DESC, name LIMIT $most"""


@dataclass(frozen=True, slots=True)
class StandsHere:
    """A value that own history holds: ``records`` of so many own ``hosts``, the last at ``last_us``."""

    type: ObservableType
    value: str
    records: int
    hosts: int
    last_us: int

    @property
    def says(self) -> Text:
        """One sentence."""
        return Text(
            "In own history: {records} of {hosts}, the last of {day}",
            records=counted.records(self.records),
            hosts=counted.own_hosts(self.hosts),
            day=day(self.last_us),
        )


def days_of(window: Window) -> int:
    """Over how many days the window reaches."""
    return -(-(window.last_us - window.first_us) // DAY_US)


def exactly(window: Window, observable: Observable) -> StandsHere | None:
    """The value, or a name below it; None where it does not stand there. Raises QueryRefused."""
    met = next(iter(hunt(window, [observable])), None)
    return None if met is None else StandsHere(observable.type, observable.value, met.count, met.hosts, met.last_us)


def alike(window: Window, text: str, most: int) -> list[StandsHere]:
    """Names that hold this text, the name itself first, then the most frequent; or the value that it is. Raises
    QueryRefused."""
    part = text.strip().lower()
    try:
        observable = observable_of(text)
    except (NotCanonical, ValueError):
        observable = None
    if observable is not None and observable.type is not ObservableType.DOMAIN:
        met = exactly(window, observable)
        return [] if met is None else [met]
    rows = window.rows(_NAMES, {"part": part if observable is None else observable.value, "most": most})
    return [StandsHere(ObservableType.DOMAIN, *row) for row in rows]
