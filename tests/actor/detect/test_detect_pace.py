"""How long a pace goes on, and where it rests: what a sentence may say of it."""

import numpy as np
import pytest

from bavn.actor.detect.pace import Pace, pace_of
from bavn.model.moment import HOUR_US, SECOND_US


def calls(*begins_s: float, count: int = 7, period_s: float = 8) -> np.ndarray:
    return np.array([int((begin + n * period_s) * SECOND_US) for begin in begins_s for n in range(count)], np.int64)


def test_an_unbroken_pace_fills_its_span() -> None:
    pace = pace_of(calls(0, count=20), 8)
    assert pace == Pace(1, 19 * 8 * SECOND_US, 0)
    assert pace.fills(19 * 8 * SECOND_US)
    assert not pace.in_bursts


def test_two_bursts_fill_no_day() -> None:
    moments = calls(0, 22 * 3600)
    pace = pace_of(moments, 8)
    assert (pace.runs, pace.run_us) == (2, 2 * 6 * 8 * SECOND_US)
    assert pace.pause_us == moments[7] - moments[6]
    assert pace.in_bursts
    assert not pace.fills(int(moments[-1]))


def test_what_goes_on_for_hours_at_a_time_pauses() -> None:
    pace = pace_of(calls(0, 14 * 3600, count=25, period_s=600), 600)
    assert pace.runs == 2
    assert not pace.in_bursts
    assert not pace.fills(18 * HOUR_US)


PAUSED = [{"from_h": 0, "to_h": 4}, {"from_h": 14, "to_h": 18}]
UNBROKEN = [{"from_h": 0, "to_h": 8}, {"from_h": 9.7, "to_h": 18}]


@pytest.mark.parametrize(
    ("streams", "said"),
    [(PAUSED, "for 7 hours on 21 September, with long pauses."), (UNBROKEN, "for 18 hours on 21 September.")],
)
def test_no_span_is_said_that_the_pace_does_not_fill(made, streams, said) -> None:
    calls_made = [{"host": "10.0.0.7", "peer": "45.9.148.24", "period_s": 600} | stream for stream in streams]
    case = made.Case("beacon", "hit-x", {"hours": 24, "calls": calls_made})
    (one,) = [s for s in made.run(case).suspicions if s.detector == "beacon"]
    assert one.what.en == f"One machine called the address 45.9.148.24 every 10 minutes {said}"
