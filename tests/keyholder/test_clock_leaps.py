"""A key holder's clock that leaps ten days for a moment destroys no share and keeps no holder out of a slot."""

import pytest

from bavn.model.clock.believed import BelievedClock
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.outcome import Refused
from tests.sector.test_clock_leaps import Off


def believing(circle, holder, newest_us=None):
    """The holder's machine, whose clock can leap."""
    wall = Off(circle.clock)
    clock = BelievedClock(wall, lambda: circle.clock.now_us() / SECOND_US, newest_us, need=circle.k)
    holder.mortal.now_us = clock.now_us
    holder.making._believed = holder.shares._clock = holder.making._clock = clock
    return wall


def all_serve(circle):
    today = circle.clock.now_us() // DAY_US
    return not any(isinstance(holder.shares.public(today, "A"), Refused) for holder in circle.holders)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("leapt", [(3,), (2, 3)])
def test_holders_whose_clocks_leap_ten_days_lose_nothing(circle, leapt, restart) -> None:
    walls = {number: believing(circle, circle.holders[number - 1]) for number in leapt}
    circle.slot()
    before = [holder.shares.claims() for holder in circle.holders]
    for wall in walls.values():
        wall.off_us = 10 * DAY_US
    for number in leapt:
        holder = circle.holders[number - 1]
        holder.make()
        assert holder.shares.destroy_past() == []
    assert [holder.shares.claims() for holder in circle.holders] == before
    circle.slot()
    assert circle.holders[0].making.latest.silent == (), "by what it believes each takes part"
    for number, wall in walls.items():
        wall.off_us = 0
        if restart:
            circle.holders[number - 1].reopen()
            believing(circle, circle.holders[number - 1])
    for _ in range(2):
        circle.clock.advance(DAY_US)
        circle.slot()
        assert circle.holders[0].making.latest.silent == ()
        assert all_serve(circle)


def test_a_holder_that_was_off_for_days_moves_on_when_k_others_say_the_same(circle) -> None:
    circle.slot()
    newest_us = circle.clock.now_us()
    for _ in range(9):
        circle.clock.advance(DAY_US)
        for other in circle.holders[:2]:
            while other.make():
                circle.clock.advance(SECOND_US)
    holder = circle.holders[2]
    believing(circle, holder, newest_us)
    clock = holder.making._believed
    assert clock.doubted_us() is not None
    circle.holders[0].faces = lambda _, answer: answer.model_copy(update={"slot": answer.slot + 1})
    holder.make()
    assert clock.doubted_us() is not None, "one of k says a slot that it did not sign"
    circle.holders[0].faces = None
    holder.make()
    assert clock.doubted_us() is None


def test_a_holder_whose_clock_was_ahead_when_it_was_started_takes_part_once_it_is_right(circle) -> None:
    """Where nothing told it better: it began in a slot to come, and the clock went back."""
    holder = circle.holders[2]
    holder.making._since_us = circle.clock.now_us() + 10 * DAY_US
    circle.slot()
    circle.slot()
    assert circle.holders[0].making.latest.silent == ()
