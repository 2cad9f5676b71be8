"""A span is said in a unit that a person takes in, never in thousands of seconds."""

import pytest

from bavn.actor.detect.wording import seconds, span


@pytest.mark.parametrize(
    ("period_s", "en", "da"),
    [
        (5.12, "5.1 s", "5,1 s"),
        (119, "119 s", "119 s"),
        (300, "5 min", "5 min"),
        (1153, "19 min", "19 min"),
        (330, "5.5 min", "5,5 min"),
        (7200, "2 h", "2 t"),
        (3 * 86_400, "3 days", "3 døgn"),
    ],
)
def test_a_period_is_said_in_the_largest_unit_of_which_there_are_two(period_s, en, da) -> None:
    assert (seconds(period_s).en, seconds(period_s).da) == (en, da)
    assert seconds(period_s) == span(round(period_s * 1e6))
