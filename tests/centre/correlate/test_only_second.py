"""Who is set apart as everybody's only second, how often an honest member is, and how few new pairs a round opens."""

import numpy as np
import pytest

from bavn.centre.correlate.bounds.only_second import (
    CHANCE_MAX,
    NEW_PARTNERS_MAX,
    PARTNERS_MIN,
    may_ask,
    only_seconds,
    partners_of,
    tail,
)
from bavn.psi.round import Cell, Hit

SECTOR = [f"h{n}" for n in range(12)]


def alone(liar, victims):
    return [{liar, victim} for victim in victims]


def test_one_that_alone_meets_many_is_found_and_campaigns_and_pairs_of_a_kind_are_not() -> None:
    (found,) = only_seconds(alone("h0", SECTOR[1:6]), SECTOR)
    assert (found.group, found.partners) == ("h0", tuple(SECTOR[1:6]))
    assert found.chance < CHANCE_MAX
    assert only_seconds(alone("h0", SECTOR[1:PARTNERS_MIN]), SECTOR) == []
    assert only_seconds([{"h0", "h1"}] * 50, SECTOR) == []
    assert partners_of([{"h0", "h1", "h2"}, {"h3"}, {"h4", "h5"}]) == {"h4": {"h5"}, "h5": {"h4"}}
    assert only_seconds([{"h0", victim, "h11"} for victim in SECTOR[1:9]], SECTOR) == []
    ring = [{one, other} for n, one in enumerate(SECTOR) for other in SECTOR[n + 1 : n + 4]]
    assert only_seconds(ring, SECTOR) == []
    pairs, others = alone("h0", SECTOR[1:7]), alone("h7", SECTOR[8:11])
    known = [{"h0", *SECTOR[n : n + 2]} for n in range(1, 11)]
    assert [one.group for one in only_seconds(pairs + others, SECTOR)] == ["h0"]
    assert only_seconds(pairs + others + known, SECTOR) == []
    many = alone("h0", SECTOR[1:])
    assert [one.group for one in only_seconds(many + known * 100, SECTOR)] == ["h0"]


@pytest.mark.parametrize(("mean", "least"), [(0.5, 5), (2.0, 3), (7.0, 20)])
def test_the_tail_is_that_of_the_negative_binomial(mean, least) -> None:
    from scipy.stats import nbinom

    assert tail(least, mean) == pytest.approx(nbinom.sf(least - 1, 4, 4 / (4 + mean)))


# --- a simulated year ------------------------------------------------------------------------------------------------


def year(seed, count, coincidences, campaigns=3, days=395):
    """What is named in 13 months: (day, holders). Members differ in size (lognormal, 0.8). Each month so many elements
    are met by chance, by size, two fifths of them by more than two; and campaigns of 1 to 6 elements at 2 to some 15
    members, each of whom meets three in five of them."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0, 0.8, count)
    by_size, alike = size / size.sum(), np.full(count, 1 / count)
    named = []
    for _ in range(rng.poisson(coincidences * days / 30)):
        met = rng.choice(count, min(count, 1 + rng.geometric(0.6)), replace=False, p=by_size)
        named.append((rng.uniform(0, days), frozenset(f"h{n}" for n in met)))
    for _ in range(rng.poisson(campaigns * days / 30)):
        began, many = rng.uniform(0, days), min(count, 1 + rng.geometric(0.25))
        hit = rng.choice(count, many, replace=False, p=(by_size + alike) / 2)
        for _ in range(rng.integers(1, 7)):
            met = frozenset(f"h{n}" for n in hit if rng.random() < 0.6)
            if len(met) > 1:
                named.append((began + rng.uniform(0, 4), met))
    return named


def looks(named):
    """What the look of every second day of a year sees: the last 30 days."""
    for day in range(30, 395, 2):
        yield day, [holders for at, holders in named if day - 30 < at <= day]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "coincidences", "false_max", "median_max"),
    [(15, 5, 1.0, 7), (40, 5, 0.5, 6), (40, 20, 1.5, 7), (100, 20, 1.0, 6), (100, 60, 4.5, 8)],
)
def test_in_a_simulated_year_few_honest_members_are_set_apart_and_a_liar_soon_is(
    count, coincidences, false_max, median_max
) -> None:
    """The figures of docs/threat-model.md: one honest member in 25 years of one member, a liar after six new pairs."""
    false, needed, sector = 0, [], [f"h{n}" for n in range(count)]
    for seed in range(6):
        apart = set()
        for day, held in looks(year(seed * 7 + count, count, coincidences)):
            apart |= {one.group for one in only_seconds(held, sector)}
            if day % 40 == 0:
                liar, *victims = np.random.default_rng(day).permutation(sector).tolist()
                new = (k for k in range(1, count) if liar in _found(held, liar, victims[:k], sector))
                needed.append(next(new, count))
        false += len(apart)
    assert false / 6 <= false_max
    assert float(np.median(needed)) <= median_max


def _found(held, liar, victims, sector):
    return {one.group for one in only_seconds(held + alone(liar, victims), sector)}


# --- what a round opens ----------------------------------------------------------------------------------------------


def group_of(x):
    return f"h{x}"


def hits(*holders):
    return [Hit(Cell(number // 5, number % 5), held) for number, held in enumerate(holders)]


def test_a_round_opens_two_new_pairs_the_strongest_first_and_keeps_the_old() -> None:
    guesses = hits(*((1, victim) for victim in range(2, 10)))
    known, opened = {}, []
    for number in range(4):
        asked = may_ask(guesses, (), group_of, known, (), f"round {number}")
        new = {hit.holders[1] for hit in asked} - set(opened)
        assert len(new) == NEW_PARTNERS_MAX
        opened += sorted(new)
        known = partners_of({group_of(1), group_of(victim)} for victim in opened)
    assert sorted(opened) == list(range(2, 10))
    guesses = hits((1, 2), (1, 3), (1, 4), (1, 5))
    asked = {(x, hit.cell) for hit in guesses[2:] for x in hit.holders}
    assert may_ask(guesses, asked, group_of, {}, (), "a round") == guesses[2:]
    every = hits((1, 2, 3), (1, 4, 5), (1, 6), (1, 7), (1, 8))
    known = {"h1": {"h6", "h7", "h8"}, "h6": {"h1"}, "h7": {"h1"}, "h8": {"h1"}}
    assert may_ask(every, (), group_of, known, (), "a round") == every
    few, many = [(1, 2), (1, 3)], [(1, 4)] * 3 + [(1, 5)] * 3
    for number in range(20):
        let = may_ask(hits(*few, *many), (), group_of, {}, (), f"round {number}")
        assert {hit.holders for hit in let} == {(1, 4), (1, 5)}


def test_whoever_is_set_apart_is_taken_out_and_one_group_is_one() -> None:
    every = hits((1, 2), (1, 2, 3), (4, 5))
    assert [hit.holders for hit in may_ask(every, (), group_of, {}, {"h1"}, "a round")] == [(2, 3), (4, 5)]
    every = hits((1, 11), (1, 11, 2), (1, 3), (11, 4), (1, 5))
    let = may_ask(every, (), lambda x: f"h{x % 10}", {}, (), "a round")
    assert (1, 11) in {hit.holders for hit in let}
    assert len(let) == 1 + NEW_PARTNERS_MAX
