"""The survey of own hosts: when one is made again, above all after one that failed."""

import threading
from dataclasses import dataclass, field

import pytest

from bavn.app.process.exits import Exit
from bavn.app.web.soc.surveying import Survey
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.rehearsal.clock import SimClock


@dataclass
class FakeSurvey:
    """A survey that runs until the test says what came of it."""

    began_us: int
    state: str = "running"
    code: Exit = Exit.EXCEEDED
    reason: str = ""
    over: threading.Event = field(default_factory=threading.Event)


class Askings:
    def __init__(self, clock):
        self.clock, self.made = clock, []

    def start(self, *_):
        self.made.append(FakeSurvey(self.clock.now_us()))
        return self.made[-1]


@pytest.mark.parametrize(("ran_s", "rests_s"), [(1, 60), (600, 600)])
def test_one_that_failed_is_told_and_rests_as_long_as_it_ran(tmp_path, ran_s, rests_s) -> None:
    clock = SimClock(1_800_000_000_000_000)
    askings = Askings(clock)
    survey = Survey(tmp_path / "node.toml", "north", tmp_path, askings, clock)
    survey.look(0)
    assert survey.making
    clock.advance(ran_s * SECOND_US)
    askings.made[0].state = "refused"
    survey.look(0)
    assert not survey.making
    assert survey.refused is not None
    clock.advance(rests_s * SECOND_US - 1)
    survey.look(0)
    assert len(askings.made) == 1
    clock.advance(1)
    survey.look(0)
    assert len(askings.made) == 2
    assert survey.making


def test_one_that_came_is_kept_for_a_quarter_of_an_hour(tmp_path) -> None:
    clock = SimClock(1_800_000_000_000_000)
    askings = Askings(clock)
    survey = Survey(tmp_path / "node.toml", "north", tmp_path, askings, clock)
    survey.look(0)
    askings.made[0].state = "done"
    clock.advance(15 * MINUTE_US - 1)
    survey.look(0)
    assert (survey.at_us, survey.refused, len(askings.made)) == (askings.made[0].began_us, None, 1)
    clock.advance(1)
    survey.look(0)
    assert len(askings.made) == 2
