"""A clock that leaps is believed after a day: until then nothing is forgotten by it, and nothing refused."""

import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.clock.believed import ABSENT_US, BELIEVE_S, LEAP_US, BelievedClock
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US

NOW_US = 1_795_608_000_000_000


class _Time:
    """A clock that may be set, and seconds that go on."""

    def __init__(self, wall_us=NOW_US):
        self.wall_us, self.ticks = wall_us, 1000.0

    def now_us(self):
        return self.wall_us

    def tick(self):
        return self.ticks

    def pass_s(self, seconds):
        self.ticks += seconds
        self.wall_us += int(seconds * SECOND_US)


def test_a_clock_that_goes_on_is_believed_and_one_that_comes_back_at_once():
    time = _Time()
    clock = BelievedClock(time, time.tick, None)
    for seconds in (1, 60, 86_400, 40 * 86_400):
        time.pass_s(seconds)
        assert clock.now_us() == time.wall_us
    time = _Time()
    clock = BelievedClock(time, time.tick, NOW_US)
    time.wall_us += 40 * DAY_US
    clock.now_us()
    time.wall_us -= 40 * DAY_US
    time.pass_s(5)
    assert clock.span_us() == (time.wall_us, time.wall_us)
    time.wall_us += 40 * DAY_US
    time.pass_s(BELIEVE_S / 2)
    assert clock.now_us() < time.wall_us, "the day is counted from the second leap"
    time = _Time(NOW_US + 3 * DAY_US)
    clock = BelievedClock(time, time.tick, base=(NOW_US, time.ticks - 60))
    assert clock.now_us() == NOW_US + 60 * SECOND_US


@pytest.mark.parametrize("leap_us", [40 * DAY_US, -40 * DAY_US, -NOW_US, LEAP_US + SECOND_US])
def test_a_leap_is_believed_after_a_day_and_not_before(leap_us):
    time = _Time()
    clock = BelievedClock(time, time.tick, NOW_US)
    time.wall_us += leap_us
    assert clock.now_us() == NOW_US
    time.pass_s(BELIEVE_S - 60)
    assert clock.now_us() == NOW_US + (BELIEVE_S - 60) * SECOND_US
    assert clock.span_us() == tuple(sorted((clock.now_us(), time.wall_us)))
    time.pass_s(61)
    assert clock.now_us() == time.wall_us


@pytest.mark.parametrize("off_us", [-NOW_US, -2 * LEAP_US, ABSENT_US + HOUR_US])
def test_at_a_start_the_newest_row_goes_before_a_clock_that_is_far_from_it(off_us):
    time = _Time(NOW_US + off_us)
    clock = BelievedClock(time, time.tick, NOW_US)
    assert clock.now_us() == NOW_US
    time.pass_s(BELIEVE_S)
    assert clock.now_us() == time.wall_us


def _kept(store):
    return store.window(0, 2**62).rows("SELECT count(*) FROM dns")[0][0]


@pytest.fixture
def dns_rows(rows):
    def made(at_us):
        return rows("dns", [{"ts": at_us, "src": "10.0.0.5", "dst": "192.0.2.7", "rrname": "example.net"}])

    return made


@pytest.fixture
def opened(tmp_path, dns_rows):
    time = _Time()
    store = ColumnStore.open(tmp_path / "store", StoreLimits(), clock=time, tick=time.tick)
    for number in range(20):
        store.append("eve", f"old {number}", {"dns": dns_rows(NOW_US - (number + 1) * DAY_US)})
    yield time, store
    store.close()


def test_an_hour_of_a_wrong_clock_forgets_nothing(opened):
    time, store = opened
    time.wall_us += 40 * DAY_US
    for _ in range(60):
        time.pass_s(60)
        store.tidy()
    assert _kept(store) == 20
    time.wall_us -= 40 * DAY_US
    store.tidy()
    assert _kept(store) == 20


def test_a_clock_that_stays_there_is_followed_after_a_day(opened):
    time, store = opened
    time.wall_us += 40 * DAY_US
    store.tidy()
    time.pass_s(BELIEVE_S + 1)
    while store.tidy().more:
        pass
    assert _kept(store) < 20


@pytest.mark.parametrize("leap_us", [40 * DAY_US, -NOW_US, -40 * DAY_US])
def test_what_comes_while_the_clock_is_wrong_is_taken_in(opened, dns_rows, leap_us):
    time, store = opened
    time.wall_us += leap_us
    time.pass_s(60)
    assert store.append("eve", "true time", {"dns": dns_rows(NOW_US + 50 * SECOND_US)}) == 1
    assert store.append("eve", "its own time", {"dns": dns_rows(max(time.wall_us, DAY_US))}) == 1


@pytest.mark.parametrize("leap_us", [40 * DAY_US, -40 * DAY_US])
def test_a_leap_is_believed_at_once_where_enough_others_agree_and_not_before(leap_us):
    time = _Time()
    clock = BelievedClock(time, time.tick, NOW_US, need=2)
    time.wall_us += leap_us
    for party, said_us in (("liar", time.wall_us), ("liar", time.wall_us), ("slow", time.wall_us - 2 * LEAP_US)):
        clock.heard(party, said_us)
        assert clock.now_us() == NOW_US
    assert clock.doubted_us() == time.wall_us
    clock.heard("other", time.wall_us)
    assert clock.now_us() == time.wall_us
    assert clock.doubted_us() is None


def test_no_denied_leap_and_no_small_steps_are_believed():
    time = _Time()
    clock = BelievedClock(time, time.tick, NOW_US, need=2)
    for party in ("liar", "liar too", "third"):
        clock.heard(party, NOW_US + 40 * DAY_US)
    assert clock.now_us() == NOW_US
    time.wall_us += 20 * DAY_US
    for _ in range(5):
        time.pass_s(BELIEVE_S / 2)
        for party in ("east", "west"):
            clock.heard(party, time.wall_us - 20 * DAY_US)
        assert clock.now_us() == time.wall_us - 20 * DAY_US
    time.pass_s(BELIEVE_S)
    assert clock.now_us() == time.wall_us, "what was said a day ago counts no more"
    time = _Time()
    clock = BelievedClock(time, time.tick, NOW_US)
    for _ in range(5):
        time.wall_us += LEAP_US - SECOND_US
        time.pass_s(60)
        assert clock.now_us() <= NOW_US + LEAP_US + 600 * SECOND_US
