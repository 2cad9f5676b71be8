"""Quartiles under differential privacy: what one group can move, what the library vouches for, how near they come."""

import random
from math import isnan
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.process.noise import discrete_laplace
from bavn.centre.correlate.laplace import spread
from bavn.centre.publish.measures import MEASURES, STEPS, Measure
from bavn.centre.publish.quartiles import (
    EPSILON,
    GROUPS_MIN,
    QUARTERS,
    SENSITIVITY,
    Within,
    counted,
    drawn,
    of_groups,
    quartiles,
)
from bavn.model.text import Text
from bavn.rehearsal.noise import SeededNoise
from bavn.traffic.dice import SeededDice

DEVIATION = spread([EPSILON / SENSITIVITY])
NAMES = [one.id for one in MEASURES]
wild = st.none() | st.floats() | st.floats(0, 100) | st.integers(-(10**12), 10**12)
actors = st.fixed_dictionaries({}, optional=dict.fromkeys([*NAMES, "unheard-of"], wild))
sectors = st.lists(st.tuples(st.sampled_from("abcdefghij"), actors), max_size=25)


def exactly(cells, sensitivity, epsilon):
    """No noise at all, to see what is handed to it."""
    assert (sensitivity, epsilon) == (SENSITIVITY, EPSILON)
    return list(cells)


def both(text):
    return text.en, text.da


@given(sectors, st.sampled_from("abcdefghij"), st.lists(actors, max_size=3))
def test_one_group_moves_what_noise_is_drawn_for_and_no_more(sector, group, others) -> None:
    """Worlds that differ in all of one group: its values, how many actors are in it, whether it is there at all."""
    changed = [one for one in sector if one[0] != group] + [(group, values) for values in others]
    here, there = counted(of_groups(sector)), counted(of_groups(changed))
    moved = [abs(one - other) for one, other in zip(here, there, strict=True)]
    assert sum(moved) <= SENSITIVITY
    assert max(moved) <= 1


@given(sectors)
def test_each_group_counts_at_most_once_for_each_measure_whatever_its_values(sector) -> None:
    groups = of_groups(sector)
    assert len(groups) == len({group for group, _ in sector})
    cells = counted(groups)
    assert len(cells) == STEPS * len(MEASURES)
    for at in range(len(MEASURES)):
        assert 0 <= sum(cells[at * STEPS : (at + 1) * STEPS]) <= len(groups)


@given(st.lists(actors, min_size=GROUPS_MIN, max_size=20))
def test_noise_is_asked_for_once_for_everything_and_nothing_else_is_made_of_values(groups) -> None:
    asked = []

    def once(cells, sensitivity, epsilon):
        asked.append((list(cells), sensitivity, epsilon))
        return [7] * len(cells)

    assert drawn(groups, once) == [7] * (STEPS * len(MEASURES))
    assert asked == [(counted(groups), SENSITIVITY, EPSILON)]


def test_a_release_is_drawn_at_the_scale_of_its_epsilon() -> None:
    """That this scale is worth this epsilon: tests/app/test_noise.py, which OpenDP vouches for."""
    asked = []

    def drawing(cells, sensitivity, epsilon):
        asked.append((sensitivity, epsilon))
        return discrete_laplace(cells, sensitivity, epsilon)

    assert len(drawn([{"canary": 100.0}] * GROUPS_MIN, drawing)) == STEPS * len(MEASURES)
    assert asked == [(SENSITIVITY, EPSILON)]


def test_of_fewer_groups_than_the_least_nothing_is_drawn() -> None:
    def never(*_):
        raise AssertionError("no noise may be drawn")

    with pytest.raises(ValueError, match="8 groups"):
        drawn([{"canary": 100.0}] * (GROUPS_MIN - 1), never)


def test_a_measure_that_few_seem_to_have_is_not_shown() -> None:
    groups = [{"canary": 100.0, "coverage": 50.0} for _ in range(GROUPS_MIN)]
    del groups[0]["coverage"]
    told = {one.measure: one.within for one in quartiles(drawn(groups, exactly), 0.0)}
    assert told["canary"] == (Within(7, 7),) * 3
    assert told["coverage"] is None
    assert told["deadlines"] is None


def test_without_noise_they_are_the_quartiles() -> None:
    """Of 101 values; the step of each true quartile."""
    dice = random.Random(3)
    values = [dice.lognormvariate(3, 1.5) for _ in range(101)]
    told = quartiles(drawn([{"block": one} for one in values], exactly), 0.0)[0]
    block = MEASURES[0]
    true = [block.step(block.clamped(sorted(values)[at])) for at in (25, 50, 75)]
    assert told.measure == "block"
    assert [(one.first, one.last) for one in told.within] == [(step, step) for step in true]


def _shares(dice, number):
    return {
        "block": dice.lognormvariate(3.5, 1.4),
        "enforced": min(100, dice.gauss(85, 18)),
        "deadlines": min(100, dice.gauss(75, 25)),
        "canary": min(100, dice.gauss(92, 8)),
        "coverage": dice.uniform(0, 100),
        "suspected": dice.lognormvariate(3, 1) * (1 + number % 3),
    }


def test_of_a_hundred_actors_a_quartile_lies_in_its_interval_and_the_interval_is_short() -> None:
    """200 releases of 100 actors: 90 % is promised; the ends are within 20 of 100 ranks of the quartile in the mean,
    steps of the measure included."""
    dice, drawer = random.Random(11), SeededNoise(SeededDice(11))
    inside, off, placed, wide = [], [], [], []
    for _ in range(200):
        groups = [_shares(dice, number) for number in range(100)]
        true = [one.within for one in quartiles(drawn(groups, exactly), 0.0)]
        cells = counted(groups)
        for at, told in enumerate(quartiles(drawn(groups, drawer), DEVIATION)):
            row = cells[at * STEPS : (at + 1) * STEPS]
            assert told.within is not None
            for step in range(1, STEPS):
                low, high = told.lower(step)
                placed.append(low - 0.5 <= sum(row[:step]) <= high + 0.5)
                wide.append(high - low)
            for quarter, exact, within in zip(QUARTERS, true[at], told.within, strict=True):
                inside.append(within.first <= exact.first <= within.last)
                below, up_to = sum(row[: within.first]), sum(row[: within.last + 1])
                off += [max(0.0, 100 * quarter - below), max(0.0, up_to - 100 * quarter)]
    assert mean(inside) > 0.9
    assert mean(off) < 20
    assert mean(placed) > 0.88
    assert mean(wide) < 25


def test_of_a_few_the_noise_hides_them_and_that_is_said() -> None:
    drawer = SeededNoise(SeededDice(5))
    told = quartiles(drawn([{"coverage": 10.0 * at} for at in range(10)], drawer), DEVIATION)
    shown = [one.within for one in told if one.within is not None]
    assert all(within.last - within.first >= 2 for three in shown for within in three)
    assert both(MEASURES[4].between(0, STEPS - 1)) == ("hidden by noise", "skjult af støj")


@given(st.integers(0, len(MEASURES) - 1), st.floats())
def test_a_value_is_cut_to_its_bounds_and_lies_in_one_step(at, value) -> None:
    measure = MEASURES[at]
    cut = measure.clamped(value)
    if isnan(value):
        assert cut is None
        return
    assert measure.low <= cut <= measure.high
    assert 0 <= measure.step(cut) < STEPS
    assert measure.shown(cut).en.strip()


@pytest.mark.parametrize("measure", MEASURES, ids=NAMES)
def test_steps_are_named_by_their_edges(measure) -> None:
    words = [measure.between(step, step) for step in range(STEPS)]
    assert len({one.en for one in words}) == len({one.da for one in words}) == STEPS
    assert words[0].da.startswith("under ")
    assert words[-1].da.endswith(" eller mere")
    assert both(measure.between(0, STEPS - 1)) == ("hidden by noise", "skjult af støj")


def test_times_and_shares_in_words() -> None:
    block, enforced = MEASURES[:2]
    said = [block.between(first, last).en for first, last in ((0, 0), (1, 3), (3, 4), (5, 6), (7, 7))]
    assert said == ["below 5 min", "5-60 min", "30 min to 4 hours", "4 hours to 2 days", "2 days or more"]
    assert block.between(2, 6).da == "15 min. til 2 døgn"
    assert both(enforced.between(2, 3)) == ("50-80 %", "50-80 %")
    assert (block.shown(95.5).da, enforced.shown(12.34).da) == ("95,5 min.", "12,3 %")


def test_edges_that_are_no_ascending_steps_build_no_measure() -> None:
    for edges in ((1, 2, 3), (1, 2, 3, 4, 5, 6, 6), (0, 1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5, 6, 100)):
        with pytest.raises(ValueError, match="edges"):
            Measure(id="x", says=Text.written("x", da="x"), unit="percent", low=0, high=100, edges=edges, query="x")


@given(st.lists(st.integers(-50, 200), min_size=48, max_size=48), st.floats(0, 10))
def test_whatever_noise_made_an_interval_is_one(cells, deviation) -> None:
    for one in quartiles(cells, deviation):
        for step in range(STEPS + 1):
            low, high = one.lower(step)
            assert 0 <= low <= high <= 100
        for within in one.within or ():
            assert 0 <= within.first <= within.last < STEPS
    with pytest.raises(ValueError, match="one number"):
        quartiles(cells[1:], deviation)
