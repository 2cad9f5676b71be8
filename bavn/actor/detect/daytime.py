"""When in the day something happens, where that can be said in any time zone that the actor may live in.

Moments are in UTC and nobody says where the machine stands: what comes back in every six hours of the day comes at
night too, anywhere; working hours are those of Europe. Refuses to guess from less than a day.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from bavn.model.moment import DAY_US, HOUR_US

Daytime = Literal["night", "work", "day"]
"""Also at night; only in working hours; only by day, on all days."""
PAUSE_HOURS_MAX: Final = 5
"""A night is longer."""
WORK_UTC: Final = range(5, 18)
"""Seven in the morning to seven in the evening, from Lisbon to Helsinki, in summer and winter."""
WORK_HOURS_MAX: Final = 11
DAYS_MIN: Final = 2
SATURDAY: Final = 5
EPOCH_WEEKDAY: Final = 3
"""1 January 1970 was a Thursday."""


def daytime(moments_us: npt.NDArray[np.int64]) -> Daytime | None:
    """What can be said of these moments (ascending); None where that is nothing."""
    if len(moments_us) < DAYS_MIN or moments_us[-1] - moments_us[0] < DAY_US:
        return None
    hours = np.unique(moments_us // HOUR_US % 24)
    pauses = np.diff(np.append(hours, hours[0] + 24)) - 1
    if pauses.max() <= PAUSE_HOURS_MAX:
        return "night"
    days = np.unique(moments_us // DAY_US)
    by_day = hours[0] >= WORK_UTC.start and hours[-1] < WORK_UTC.stop and hours[-1] - hours[0] < WORK_HOURS_MAX
    if not by_day or len(days) < DAYS_MIN:
        return None
    return "work" if np.all((days + EPOCH_WEEKDAY) % 7 < SATURDAY) else "day"
