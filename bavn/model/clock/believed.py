"""What time a party believes it is: a leap of its clock counts where other parties' signed times agree with it, or,
where too few say anything, after a day; so one bad hour of a time server destroys nothing.

Seconds are counted by a ``tick`` that no clock's setting moves. Who is in doubt tells nobody the time.
"""

from collections.abc import Callable
from typing import Final

from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.ports import Clock

LEAP_US: Final = HOUR_US
"""Less is drift, or a step of NTP; so far a clock may be moved in a day."""
ABSENT_US: Final = 7 * DAY_US
"""A party that starts so long after what it knew last was off for long, or its clock is wrong."""
BELIEVE_S: Final = 86_400.0
"""A clock that has said the same for so long is believed, unless enough others say that it is wrong."""


class BelievedClock:
    """Implements Clock; may be called from any thread. ``newest_us``: the latest moment that is known at the start,
    None without any. ``base``: a moment that was believed, and the tick at it, where ticks have gone on since.
    ``need``: how many other parties must say the same, None: none counts."""

    def __init__(
        self,
        clock: Clock,
        tick: Callable[[], float],
        newest_us: int | None = None,
        *,
        base: tuple[int, float] | None = None,
        need: int | None = None,
    ) -> None:
        self._clock, self._tick, self.need = clock, tick, need
        self._base = base or (clock.now_us(), tick())
        self._doubted: tuple[float, float] | None = None
        self._heard: dict[str, tuple[float, float]] = {}
        if base is None and newest_us is not None and not -LEAP_US <= self._base[0] - newest_us <= ABSENT_US:
            self._base = newest_us, self._base[1]

    def now_us(self) -> int:
        """What is believed now."""
        return self._look()[0]

    def span_us(self) -> tuple[int, int]:
        """The earlier and the later of what the clock says and what is believed."""
        believed_us, wall_us = self._look()
        return min(believed_us, wall_us), max(believed_us, wall_us)

    def doubted_us(self) -> int | None:
        """What the clock says where that is not believed."""
        believed_us, wall_us = self._look()
        return None if believed_us == wall_us else wall_us

    def heard(self, party: str, at_us: int) -> None:
        """Another party signed just now that it is ``at_us``. Its latest word counts, for a day."""
        tick = self._tick()
        self._heard[party] = (at_us - tick * SECOND_US, tick)

    def _look(self) -> tuple[int, int]:
        """What is believed, and what the clock says. Each part of what is known is put in place as a whole, so that
        threads disturb each other in nothing."""
        base_us, base_tick = self._base
        wall_us, tick = self._clock.now_us(), self._tick()
        believed_us = base_us + int((tick - base_tick) * SECOND_US)
        agrees = abs(wall_us - believed_us) <= LEAP_US
        if agrees and tick - base_tick < BELIEVE_S:
            self._doubted = None
            return wall_us, wall_us
        if not agrees and not self._believes(wall_us, believed_us, tick):
            return believed_us, wall_us
        self._base, self._doubted = (wall_us, tick), None
        return wall_us, wall_us

    def _believes(self, wall_us: int, believed_us: int, tick: float) -> bool:
        """Whether a leap is believed by now."""
        off_us, doubted = wall_us - tick * SECOND_US, self._doubted
        if doubted is None or abs(off_us - doubted[1]) > LEAP_US:
            self._doubted = doubted = (tick, off_us)
        if self._agree(wall_us, tick):
            return True
        return tick - doubted[0] >= BELIEVE_S and not self._agree(believed_us, tick)

    def _agree(self, at_us: int, tick: float) -> bool:
        """Whether enough others say that it is about this moment."""
        said = [off_us + tick * SECOND_US for off_us, when in (*self._heard.values(),) if tick - when < BELIEVE_S]
        agreeing = sum(abs(each_us - at_us) <= LEAP_US for each_us in said)
        return self.need is not None and agreeing >= self.need
