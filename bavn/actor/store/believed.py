"""What time the store believes it is: a clock that leaps is believed after a day, so that one bad hour of a time server
forgets nobody's history and refuses nobody's rows.

Forgetting goes by the earlier of what the clock says and what is believed, taking in by both. Refuses to know why a
clock leaps: a flat battery, a wrong hand and a machine that slept look the same.
"""

from collections.abc import Callable
from typing import Final

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.ports import Clock

LEAP_US: Final = HOUR_US
"""Less is drift, or a step of NTP."""
ABSENT_US: Final = 7 * DAY_US
"""A node that starts so long after its newest row was off for long, or its clock is wrong: nobody can tell yet."""
BELIEVE_S: Final = 86_400.0
"""A clock that has said the same for so long is believed."""


class BelievedClock:
    """``tick``: seconds that no clock's setting moves. ``newest_us``: the newest row that the store has at the start,
    None without any."""

    def __init__(self, clock: Clock, tick: Callable[[], float], newest_us: int | None) -> None:
        self._clock, self._tick = clock, tick
        self._base_us, self._base_tick = clock.now_us(), tick()
        self._doubted: float | None = None
        if newest_us is not None and not -LEAP_US <= self._base_us - newest_us <= ABSENT_US:
            self._base_us, self._doubted = newest_us, self._base_tick

    def now_us(self) -> int:
        """What is believed now."""
        wall_us, tick = self._clock.now_us(), self._tick()
        believed_us = self._base_us + int((tick - self._base_tick) * SECOND_US)
        agrees = abs(wall_us - believed_us) <= LEAP_US
        if not agrees and self._doubted is None:
            self._doubted = tick
        if agrees or (self._doubted is not None and tick - self._doubted >= BELIEVE_S):
            self._base_us, self._base_tick, self._doubted = wall_us, tick, None
            return wall_us
        return believed_us

    def span_us(self) -> tuple[int, int]:
        """The earlier and the later of what the clock says and what is believed."""
        believed_us, wall_us = self.now_us(), self._clock.now_us()
        return min(believed_us, wall_us), max(believed_us, wall_us)
