"""What this centre released and partners were told: so that an echo of it is known as one (inbox/own_echo.py).

By us as the author; and, of what was released here, by our id where no author is named, or by the same beginning or
change to the second where a partner copied it. The id alone says nothing: it follows from the observable, and every
other sector's centre gives the same one. Refuses to know who reported anything.
"""

from typing import Final

from sqlalchemy import Engine

from bavn.centre.share.delivery_figures import moments
from bavn.centre.share.misp_event import Org, attribute_of
from bavn.centre.share.share import identity_of
from bavn.model.intel.indicator import indicator_id
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import Clock

LOOK_EVERY_US: Final = MINUTE_US


class OwnReleases:
    """Implements inbox.own_echo.OwnWords. Looks at the database at most once a minute."""

    def __init__(self, engine: Engine, clock: Clock, sector: str) -> None:
        self._engine, self._clock = engine, clock
        self._authors = frozenset({identity_of(sector), Org.of(sector).uuid})
        self._moments_s: dict[str, frozenset[int]] = {}
        self._looked_us: int | None = None

    def is_ours(self, observable: Observable, name: str, author: str, moments_us: tuple[int | None, ...]) -> bool:
        if author.lower() in self._authors:
            return True
        ours = indicator_id(observable)
        seconds = self._moments().get(ours, frozenset())
        if not seconds:
            return False
        if not author and name.lower() in (ours, attribute_of(ours)):
            return True
        return any(us is not None and us // SECOND_US in seconds for us in moments_us)

    def _moments(self) -> dict[str, frozenset[int]]:
        now_us = self._clock.now_us()
        if self._looked_us is None or not 0 <= now_us - self._looked_us < LOOK_EVERY_US:
            self._moments_s = {
                name: frozenset({version // SECOND_US, from_us // SECOND_US})
                for name, version, from_us in moments(self._engine)
            }
            self._looked_us = now_us
        return self._moments_s
