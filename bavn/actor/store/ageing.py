"""The clock by which records grow old: the node's own, but never further on in an hour than a day.

A clock that jumps ahead for a moment would otherwise have the whole history forgotten, and have all refused that comes
after it jumped back. A store that lay still for long forgets what is too old over the hours that follow its start.
"""

from collections.abc import Callable
from typing import Final

from bavn.model.moment import SECOND_US

DAY_AN_HOUR: Final = 24
"""So many times faster than time itself may the ageing clock run, to catch up."""


class AgeingClock:
    """``from_us``: where it stands at first. ``tick``: seconds of a clock that nobody sets (time.monotonic)."""

    def __init__(self, from_us: int, tick: Callable[[], float]) -> None:
        self._us, self._tick, self._at = from_us, tick, tick()

    def now_us(self, clock_us: int) -> int:
        """``clock_us``, or as far towards it as time has allowed since the last call; back at once."""
        at = self._tick()
        allowed = self._us + int((at - self._at) * DAY_AN_HOUR * SECOND_US)
        self._us, self._at = min(clock_us, allowed), at
        return self._us
