"""How long a pace goes on, and where it rests: what a sentence may say of it."""

import numpy as np
import pytest

from bavn.actor.detect.pace import Pace, pace_of
from bavn.model.moment import HOUR_US, SECOND_US


def calls(*begins_s: float, count: int = 7, period_s: float = 8) -> np.ndarray:
    return np.array([int((begin + n * period_s) * SECOND_US) for begin in begins_s for n in range(count)], np.int64)


def test_an_unbroken_pace_fills_its_span_and_bursts_pauses_and_single_calls_do_not() -> None:
    pace = pace_of(calls(0, count=20), 8)
    assert pace == Pace(1, 19 * 8 * SECOND_US, 0)
    assert pace.fills(19 * 8 * SECOND_US)
    assert not pace.in_bursts
    moments = calls(0, 22 * 3600)
    pace = pace_of(moments, 8)
    assert (pace.runs, pace.run_us) == (2, 2 * 6 * 8 * SECOND_US)
    assert pace.pause_us == moments[7] - moments[6]
    assert pace.in_bursts
    assert not pace.fills(int(moments[-1]))
    pace = pace_of(calls(0, 14 * 3600, count=25, period_s=600), 600)
    assert pace.runs == 2
    assert not pace.in_bursts
    assert not pace.fills(18 * HOUR_US)
    assert pace_of(calls(0, 22 * 3600), 8).paced == 2
    assert pace_of(np.append(calls(0), 22 * HOUR_US), 8).paced == 1


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


def test_a_pace_is_said_only_of_the_burst_that_has_it(made) -> None:
    """Fourteen calls every 200 s, and hours later eleven in haste: those were said to come every three minutes too."""
    slow = {"host": "10.0.0.7", "peer": "45.9.148.24", "period_s": 200, "from_h": 1, "to_h": 1.8}
    haste = {"host": "10.0.0.7", "peer": "45.9.148.24", "period_s": 3, "from_h": 20, "to_h": 20.01}
    case = made.Case("beacon", "hit-x", {"hours": 24, "calls": [slow, haste]})
    (one,) = [s for s in made.run(case).suspicions if s.detector == "beacon"]
    every, counted = 25, 15
    assert f" {every} times in two bursts, 18 hours apart, on 21 September, every " in one.what.en
    assert one.what.en.endswith(" within one of them.")
    assert one.why.en.startswith(f"{counted} calls in 2 bursts over ")
    assert f"calls close together counted as one, among {every} in all" in one.why.en
