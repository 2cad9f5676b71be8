"""Whom a node asks: any n-k holders killed or lying in the middle change nothing but that they are named."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.psi import group, oprf
from bavn.psi.threshold import evaluate as by_holders
from bavn.psi.threshold.asking import Asking, Question
from tests.psi.conftest import SeededDice
from tests.psi.threshold.conftest import KEY, Batch, dealt

NAMES = [b"one", b"two"]
BATCH = Batch.of(NAMES, SeededDice("node"))
ALONE = [oprf.hashed(b"a round")]
WHOLE = [oprf.evaluate(KEY, BATCH.points), oprf.evaluate(KEY, ALONE)]


def asking_of(public, order):
    return Asking((Question(public, BATCH.points), Question(public, ALONE)), order)


def answer(shares, number, asking, panel=None):
    return tuple(
        by_holders.evaluate(shares[number - 1], panel or asking.panel, question.points, SeededDice(number))
        for question in asking.questions
    )


def lied(parts, kind):
    """One wrong point, another's name, no answer to the second question, a wrong one to it."""
    part, alone = parts
    strange = group.random_point(SeededDice("lie"))
    match kind:
        case "point":
            return replace(part, points=(strange, *part.points[1:])), alone
        case "name":
            return part, replace(alone, number=part.number % 9 + 1)
        case "half":
            return (part,)
        case _:
            return part, replace(alone, points=(strange,))


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
            parts = answer(shares, number, asking)
            asking = asking.answered(number, lied(parts, bad[number]) if number in bad else parts)
            if number in asking.out:
                break
        else:
            before, asking = asking, asking.combined()
            if isinstance(asking, list):
                return asking, before, times
    return None, asking, times


@pytest.mark.parametrize("kind", ["silent", "point", "name", "half", "round"])
def test_two_of_five_that_die_or_lie_are_named_and_the_other_three_are_enough(kind) -> None:
    public, shares = dealt(3, 5)
    asking = asking_of(public, (4, 2, 5, 1, 3))
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
    kinds = st.sampled_from(["silent", "point", "name", "half", "round"])
    bad = {number: data.draw(kinds) for number in worst}
    asking = asking_of(public, order)
    outputs, ended, times = play(asking, shares, bad)
    assert outputs == WHOLE
    assert ended.out == {n_: "silent" if bad[n_] == "silent" else "liar" for n_ in ended.out}
    assert set(ended.out) == set(bad) & set(times), "whoever was asked and was bad is named, and nobody else"


def test_with_fewer_than_k_it_is_over_and_strangers_count_for_nothing() -> None:
    public, shares = dealt(2, 3)
    asking = asking_of(public, (3, 1, 2))
    outputs, ended, _ = play(asking, shares, {1: "point", 3: "silent"})
    assert outputs is None
    assert ended.out == {1: "liar", 3: "silent"}
    assert ended.panel == (2,)
    assert ended.combined() is ended
    assert asking.panel == (1, 3) == asking.missing
    one, three = (answer(shares, i, asking) for i in (1, 3))
    late = asking.without(3, "silent")
    assert late.answered(3, three) is late
    assert late.panel == (1, 2)
    first = asking.answered(1, one)
    assert first.answered(1, lied(one, "point")) is first
    assert first.answered(9, three) is first
    assert asking.answered(1, three).out == {1: "liar"}
    assert first.combined() is first
    assert first.answered(3, three).combined() == WHOLE
    with pytest.raises(ValueError, match="the same k"):
        Asking(tuple(Question(dealt(k, 3)[0], BATCH.points) for k in (1, 2)), (1, 2, 3))


@pytest.mark.parametrize("order", [(), (1, 2), (1, 2, 2), (1, 2, 4), (1, 2, 3, 4)])
def test_every_holder_stands_in_the_order_once(order) -> None:
    public, _ = dealt(2, 3)
    with pytest.raises(ValueError, match="every holder once"):
        asking_of(public, order)
