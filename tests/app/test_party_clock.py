"""What a service believes of its clock outlives it and is known beside it, also where the machine's clock leaps."""

import pytest

from bavn.app.net import party_clock
from bavn.app.net.party_clock import BesideClock, PartyClock, clock_promise
from bavn.model.moment import DAY_US, SECOND_US

NOW_US = 1_795_608_000_000_000


class Machine:
    def __init__(self):
        self.wall_us, self.ticks, self.boot = NOW_US, 5000.0, "one"

    def now_us(self):
        return self.wall_us

    def pass_s(self, seconds):
        self.ticks += seconds
        self.wall_us += round(seconds * SECOND_US)


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(party_clock, "SystemClock", lambda: made)
    monkeypatch.setattr(party_clock, "tick", lambda: made.ticks)
    monkeypatch.setattr(party_clock, "_boot", lambda: made.boot)
    return made


def test_a_leap_is_not_believed_by_who_starts_in_it_nor_beside_the_service(machine, tmp_path) -> None:
    assert PartyClock(tmp_path).now_us() == NOW_US
    beside = BesideClock(tmp_path)
    machine.pass_s(60)
    machine.wall_us += 2 * DAY_US
    again = PartyClock(tmp_path)
    assert again.now_us() == beside.now_us() == NOW_US + 60 * SECOND_US
    (said,) = clock_promise(again).wrong
    assert "is not believed" in said.en
    machine.wall_us -= 2 * DAY_US
    assert clock_promise(again).wrong == ()
    assert beside.now_us() == machine.wall_us


def test_after_a_start_of_the_machine_a_week_is_believed_and_more_is_not(machine, tmp_path) -> None:
    PartyClock(tmp_path).now_us()
    machine.boot, machine.ticks = "two", 10.0
    machine.wall_us += 6 * DAY_US
    assert BesideClock(tmp_path).now_us() == machine.wall_us, "nobody runs that knows better"
    assert PartyClock(tmp_path).now_us() == machine.wall_us
    machine.wall_us = NOW_US + 400 * DAY_US
    machine.boot = "three"
    doubts = PartyClock(tmp_path)
    assert doubts.doubted_us() == machine.wall_us
    (tmp_path / party_clock.CLOCK_FILE).unlink()
    assert PartyClock(tmp_path).now_us() == machine.wall_us, "a person deleted the file"


def test_a_file_that_cannot_be_read_is_none(machine, tmp_path) -> None:
    for content in ("", "[]", '["one", "x", 1]', "7"):
        (tmp_path / party_clock.CLOCK_FILE).write_text(content)
        assert PartyClock(tmp_path).now_us() == BesideClock(tmp_path).now_us() == machine.wall_us
