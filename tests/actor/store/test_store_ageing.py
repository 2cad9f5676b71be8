"""Records grow old by the node's clock, but no jump of it has history forgotten or shuts out what comes after it."""

from bavn.actor.store.ageing import AgeingClock
from bavn.actor.store.columns import ColumnStore
from bavn.model.moment import DAY_US, HOUR_US

NOW_US = 1_795_608_000_000_000


class Hand:
    def __init__(self):
        self.us, self.s = NOW_US, 0.0

    def now_us(self):
        return self.us

    def tick(self):
        return self.s


def dns(rows, at_us, name):
    return {"dns": rows("dns", [{"ts": at_us, "rrname": name, "rrtype": "A", "answered": False}])}


def test_it_goes_on_a_day_an_hour_at_the_most_and_back_at_once() -> None:
    hand = Hand()
    clock = AgeingClock(NOW_US, hand.tick)
    assert clock.now_us(NOW_US + 40 * DAY_US) == NOW_US
    hand.s = 3600
    assert clock.now_us(NOW_US + 40 * DAY_US) == NOW_US + DAY_US
    assert clock.now_us(NOW_US) == NOW_US
    hand.s = 7200
    assert clock.now_us(NOW_US + HOUR_US) == NOW_US + HOUR_US


def test_a_jump_of_forty_days_forgets_nothing_and_what_comes_after_it_is_kept(tmp_path, rows) -> None:
    hand = Hand()
    with ColumnStore.open(tmp_path, clock=hand, tick=hand.tick) as store:
        assert store.append("s", "1", dns(rows, NOW_US, "a.dk")) == 1
        hand.us += 40 * DAY_US
        store.tidy()
        assert store.append("s", "2", dns(rows, NOW_US + 1, "b.dk")) == 1, "a sensor whose clock is right"
        hand.us, hand.s = NOW_US, 60.0
        store.tidy()
        assert store.append("s", "3", dns(rows, NOW_US + 2, "c.dk")) == 1
        assert (store.stats().forgotten_rows, store.stats().refused) == (0, {})


def test_a_start_with_a_wrong_clock_forgets_nothing_and_one_after_a_long_rest_does_in_time(tmp_path, rows) -> None:
    hand = Hand()
    with ColumnStore.open(tmp_path, clock=hand, tick=hand.tick) as store:
        for n in range(3):
            store.append("s", str(n), dns(rows, NOW_US - n * DAY_US, f"{n}.dk"))
    hand.us += 40 * DAY_US
    with ColumnStore.open(tmp_path, clock=hand, tick=hand.tick) as store:
        store.tidy()
        assert store.stats().forgotten_rows == 0
        hand.s += 38 * 3600
        store.tidy()
        assert store.stats().forgotten_rows == 2, "the newest hour is never forgotten"
