"""Where the pace of calls rests: how long it ran, and the pauses between, so that no sentence claims more than it did.

Refuses to judge whether calls are regular: timing.py does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.actor.detect.statistics.timing import GAP_TIMES_MEDIAN_MAX
from bavn.model.moment import HOUR_US, SECOND_US

FILLED_SHARE_MIN: Final = 0.8
"""What rests for a fifth of the time is not said to have gone on all of it."""
EVEN_MAX: Final = 0.1
ABOUT_MAX: Final = 0.5
"""Half the width of four fifths of the intervals, as a share of the period: even up to the first, about so up to the
second; beyond it the intervals have a middle and no pace."""
PACED_SHARE_MIN: Final = 0.5
"""A run of which no interval is half a period keeps another pace, or none."""
BURST_US_MAX: Final = HOUR_US
"""What goes on for longer at a time is no burst: it pauses."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``runs``: how often the calls went on without a pause; ``run_us``: how long all of that took together;
    ``pause_us``: the longest pause; ``paced``: how many of those runs keep the pace, the others being calls in haste or
    one alone."""

    runs: int = 1
    run_us: int = 0
    pause_us: int = 0
    paced: int = 1

    @property
    def in_bursts(self) -> bool:
        """Whether it went on in short bursts."""
        return self.runs > 1 and self.run_us <= self.runs * BURST_US_MAX

    def fills(self, span_us: int) -> bool:
        """Whether it can be said to have gone on for that long."""
        return self.run_us >= FILLED_SHARE_MIN * span_us


def pace_of(moments_us: npt.NDArray[np.int64], period_s: float) -> Pace:
    """The pace of calls at these moments (ascending), the pauses being those that timing.py leaves out."""
    gaps = np.diff(moments_us)
    at = np.flatnonzero(gaps > GAP_TIMES_MEDIAN_MAX * period_s * SECOND_US)
    pauses = gaps[at]
    if not len(pauses):
        return Pace(run_us=int(gaps.sum()))
    full = gaps >= PACED_SHARE_MIN * period_s * SECOND_US
    full[at] = False
    paced = sum(bool(run.any()) for run in np.split(full, at))
    return Pace(len(pauses) + 1, int(gaps.sum() - pauses.sum()), int(pauses.max()), paced)
