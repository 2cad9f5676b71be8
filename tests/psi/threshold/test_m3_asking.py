"""Whom a node asks: any n-k holders killed or lying in the middle change nothing but that they are named."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.psi import group, oprf
from bavn.psi.threshold import evaluate as m3
from bavn.psi.threshold.asking import Asking
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import KEY, dealt

NAMES = [b"one", b"two"]
WHOLE = [oprf.output(KEY, name) for name in NAMES]


def lied(part, kind):
    """One wrong point, another's name, a wrong tie."""
    strange = group.random_point(SeededDice("lie"))
    match kind:
        case "point":
            return replace(part, points=(strange, *part.points[1:]))
        case "name":
            return replace(part, number=part.number % 9 + 1)
        case _:
            return replace(part, points=(*part.points[:-1], strange))


def play(asking, shares, bad):
    """Asks until it is over; also how often each holder was asked."""
    times = {}
    while not isinstance(asking, list) and not asking.is_over:
        for number in asking.missing:
            times[number] = times.get(number, 0) + 1
            assert times[number] == 1, "nobody is asked twice"
            if bad.get(number) == "silent":
                asking = asking.without(number, "silent")
                break
            part = m3.evaluate(shares[number - 1], asking.panel, asking.batch.points, SeededDice(number))
            asking = asking.answered(number, lied(part, bad[number]) if number in bad else part)
            if number in asking.out:
                break
        else:
            before, asking = asking, asking.combined()
            if isinstance(asking, list):
                return asking, before, times
    return None, asking, times


@pytest.mark.parametrize("kind", ["silent", "point", "name", "tie"])
def test_two_of_five_that_die_or_lie_are_named_and_the_other_three_are_enough(kind) -> None:
    public, shares = dealt(3, 5)
    asking = Asking(public, m3.Batch.of(NAMES, SeededDice(1)), (4, 2, 5, 1, 3))
    outputs, ended, _ = play(asking, shares, {2: kind, 4: "silent"})
    assert outputs == WHOLE
    assert ended.out == {2: "silent" if kind == "silent" else "liar", 4: "silent"}
    assert ended.panel == (1, 3, 5)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_any_n_minus_k_that_die_or_lie_change_nothing_and_are_named(data) -> None:
    n = data.draw(st.integers(1, 6))
    k = data.draw(st.integers(1, n))
    public, shares = dealt(k, n)
    order = tuple(data.draw(st.permutations(range(1, n + 1))))
    worst = data.draw(st.permutations(order))[: n - k]
    kinds = st.sampled_from(["silent", "point", "name", "tie"])
    bad = {number: data.draw(kinds) for number in worst}
    asking = Asking(public, m3.Batch.of(NAMES, SeededDice(n)), order)
    outputs, ended, times = play(asking, shares, bad)
    assert outputs == WHOLE
    assert ended.out == {n_: "silent" if bad[n_] == "silent" else "liar" for n_ in ended.out}
    assert set(ended.out) == set(bad) & set(times), "whoever was asked and was bad is named, and nobody else"


def test_with_fewer_than_k_left_it_is_over_and_says_who_failed() -> None:
    public, shares = dealt(2, 3)
    asking = Asking(public, m3.Batch.of(NAMES, SeededDice(1)), (3, 1, 2))
    outputs, ended, _ = play(asking, shares, {1: "point", 3: "silent"})
    assert outputs is None
    assert ended.out == {1: "liar", 3: "silent"}
    assert ended.panel == (2,)
    assert ended.combined() is ended


def test_who_answers_late_twice_or_under_another_name_counts_for_nothing() -> None:
    public, shares = dealt(2, 3)
    asking = Asking(public, m3.Batch.of(NAMES, SeededDice(1)), (3, 1, 2))
    assert asking.panel == (1, 3) == asking.missing
    one, three = (m3.evaluate(shares[i - 1], (1, 3), asking.batch.points, SeededDice(i)) for i in (1, 3))
    late = asking.without(3, "silent")
    assert late.answered(3, three) is late
    assert late.panel == (1, 2)
    first = asking.answered(1, one)
    assert first.answered(1, lied(one, "point")) is first
    assert first.answered(9, three) is first
    assert asking.answered(1, three).out == {1: "liar"}
    assert first.combined() is first
    assert first.answered(3, three).combined() == WHOLE


@pytest.mark.parametrize("order", [(), (1, 2), (1, 2, 2), (1, 2, 4), (1, 2, 3, 4)])
def test_every_holder_stands_in_the_order_once(order) -> None:
    public, _ = dealt(2, 3)
    with pytest.raises(ValueError, match="every holder once"):
        Asking(public, m3.Batch.of(NAMES, SeededDice(1)), order)
