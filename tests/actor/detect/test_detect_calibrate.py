"""Ranks, references and their blend: never too small a p, never silent, and of one mind on the same data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.calibrate import (
    BLEND_MIN,
    NO_REFERENCE,
    OWN_MIN,
    P_MIN,
    Reference,
    Tally,
    from_json,
    p_value,
    shipped,
    survival,
    to_json,
)
from bavn.actor.detect.run import DETECTORS

numbers = st.floats(-50, 5000, allow_nan=False)


@given(st.lists(numbers, min_size=1, max_size=200), numbers)
@settings(max_examples=200)
def test_a_tally_never_counts_too_few(values, asked) -> None:
    tally = Tally.of(values)
    assert tally.total == len(values)
    assert tally.at_least(asked) >= sum(value >= asked for value in values)


@given(st.lists(numbers, max_size=50), st.lists(numbers, max_size=50))
def test_tallies_add_up(one, other) -> None:
    assert Tally.of(one) + Tally.of(other) == Tally.of(one + other)


def test_a_tally_stays_small_and_without_some_holds_the_others() -> None:
    assert len(Tally.of(np.random.default_rng(1).exponential(50, 100_000)).counts) < 2500
    tally = Tally.of([1.0, 1.0, 2.0, 5.0])
    assert tally.without([1.0, 5.0]) == Tally.of([1.0, 2.0])
    assert tally.without([9.0, 2.0, 2.0]) == Tally.of([1.0, 1.0, 5.0]), "no more than it holds"
    assert tally.without([]) == tally


@given(st.lists(numbers, min_size=1, max_size=300), numbers)
@settings(max_examples=200)
def test_the_reference_never_says_less_than_its_sample(values, asked) -> None:
    table = survival(Tally.of(np.array(values)))
    share = table.at_least(asked)
    assert P_MIN <= share <= 1
    if asked <= max(values):
        assert share >= min(1, sum(value >= asked for value in values) / len(values)) * 0.999


@given(st.lists(numbers, min_size=1, max_size=100), numbers, numbers)
@settings(max_examples=100)
def test_stranger_never_has_a_larger_p(values, one, other) -> None:
    low, high = sorted((one, other))
    reference = Reference({"x": survival(Tally.of(np.array(values)))})
    tally = Tally.of([*values, low, high])
    assert p_value(high, tally, "x", reference)[0] <= p_value(low, tally, "x", reference)[0]


@pytest.mark.parametrize(
    ("count", "source"),
    [(1, "reference"), (BLEND_MIN - 1, "reference"), (BLEND_MIN, "blend"), (OWN_MIN - 1, "blend"), (OWN_MIN, "own")],
)
def test_where_a_p_comes_from(count, source) -> None:
    values = np.linspace(0, 10, count)
    p, said = p_value(5.0, Tally.of(values), "x", Reference({"x": survival(Tally.of(np.linspace(0, 10, 500)))}))
    assert said == source
    assert 0.3 < p < 0.7


def test_references_keep_small_and_strange_actors_neither_silent_nor_drowned() -> None:
    """Fifty own candidates as strange as this one: its p is large, whatever the reference says."""
    reference = Reference({"x": survival(Tally.of(np.random.default_rng(2).exponential(1, 5000)))})
    small = Tally.of([*np.random.default_rng(3).exponential(1, 60), 30.0])
    assert p_value(30.0, small, "x", reference)[0] < 0.003
    large = Tally.of([*np.random.default_rng(4).exponential(1, 20_000), 30.0])
    assert p_value(30.0, large, "x", reference)[0] == P_MIN
    assert p_value(9.0, Tally.of([9.0]), "never measured", NO_REFERENCE) == (1.0, "reference")
    reference = Reference({"x": survival(Tally.of(np.random.default_rng(5).exponential(1, 5000)))})
    assert p_value(12.0, Tally.of([12.0] * 50 + [0.1] * 50), "x", reference)[0] >= 0.05


@pytest.mark.parametrize("seed", range(5))
def test_own_rank_and_reference_agree_within_a_factor_of_three(seed) -> None:
    """The same data both ways: half of a benign-like sample as the reference, the other half as the actor's own."""
    dice = np.random.default_rng(seed)
    sample = np.where(dice.random(8000) < 0.6, 0.0, dice.gamma(1.5, 1.2, 8000))
    own, reference = Tally.of(sample[::2]), Reference({"x": survival(Tally.of(sample[1::2]))})
    for level in np.quantile(sample, [0.65, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995]):
        by_own = p_value(float(level), own, "x", reference)
        by_reference = reference.at_least("x", float(level))
        assert by_own[1] == "own"
        assert 1 / 3 <= by_own[0] / by_reference <= 3, (level, by_own, by_reference)


def test_the_shipped_reference_is_whole() -> None:
    reference = shipped()
    assert from_json(to_json(reference, "again")) == reference
    ranked = {"beacon", "dns_tunnel", "scan.out", "scan.in", "rarity", "exfil", "dga", "long"}
    sparse = {"lateral", "bruteforce.out", "signature", "signature.sigma", "tunnel"}
    ranked |= sparse | {"bruteforce.in"}
    assert ranked <= set(reference.tables)
    assert {name.partition(".")[0] for name in ranked} | {"ioc", "ward"} == {detector.name for detector in DETECTORS}
    for name, table in reference.tables.items():
        assert table.count >= 500 or (name in sparse and table.rate <= 1.0), "few innocents: no steeper than chance"
        assert list(table.levels) == sorted(table.levels)
        assert list(table.shares) == sorted(table.shares, reverse=True)


def test_few_calm_candidates_promise_no_small_p_and_a_reference_of_nothing_is_refused() -> None:
    """Thirteen zeros said 0.0001 of whatever was above them."""
    few, known = (survival(Tally.of([0.0] * 11 + [1.4] * 2), ratio=ratio) for ratio in (False, True))
    many = survival(Tally.of(-np.log(np.linspace(1e-4, 1, 20_000))))
    assert few.rate < 0.25 < 0.8 < many.rate <= 1.0 == known.rate
    assert few.at_least(5.0) > 0.05 > known.at_least(5.0)
    with pytest.raises(ValueError, match="benign candidates"):
        survival(Tally.of(np.zeros(0)))


@pytest.mark.parametrize("population", ["beacon", "dns_tunnel", "scan.out", "scan.in"])
def test_an_actor_like_the_reference_gets_the_reference_s_p(population) -> None:
    """Two thousand own candidates drawn as the shipped table has them: rank and table agree within a factor of 3."""
    table = shipped().tables[population]
    rising = np.interp(np.random.default_rng(9).random(2000), table.shares[::-1], np.arange(len(table.levels))[::-1])
    own = Tally.of(np.array(table.levels)[np.floor(rising).astype(int)])
    for level, share in zip(table.levels, table.shares, strict=True):
        if share >= 0.01:
            p, source = p_value(level, own, population, NO_REFERENCE)
            assert source == "own"
            assert 1 / 3 <= p / share <= 3, (level, p, share)
