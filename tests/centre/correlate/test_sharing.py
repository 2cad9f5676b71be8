"""The two laws of sharing: they are distributions, and the fit finds the number it was drawn from."""

from math import exp, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.sharing import (
    A_ALL,
    A_UNLISTED,
    Seen,
    fit,
    fit_all,
    ln_benign,
    ln_malicious,
    ln_ratio,
    malicious_mean,
    start,
    stratum_of,
)
from bavn.model.observable import Observable
from bavn.traffic.dice import SeededDice


@given(a=st.floats(0.06, 0.98))
def test_the_share_seen_by_one_is_a_and_all_shares_sum_to_one(a):
    assert isclose(exp(ln_benign(1, a)), a, rel_tol=1e-9)
    head = sum(exp(ln_benign(k, a)) for k in range(1, 2001))
    assert head <= 1 + 1e-9
    ratio = exp(ln_benign(3, a)) / exp(ln_benign(2, a))
    assert isclose(ratio, (2 - a) / 3, rel_tol=1e-9)


@given(mean=st.floats(1.2, 15))
def test_campaigns_reach_this_many_on_average(mean):
    mass = [exp(ln_malicious(k, mean)) for k in range(1, 3000)]
    assert isclose(sum(mass), 1, rel_tol=1e-6)
    assert isclose(sum(k * one for k, one in enumerate(mass, start=1)), mean, rel_tol=1e-4)


def test_the_ratio_speaks_for_three_and_against_a_hundred_and_verdicts_move_the_mean_slowly():
    assert ln_ratio(3, A_UNLISTED, 2.5) > ln_ratio(2, A_UNLISTED, 2.5) > 0
    assert ln_ratio(30, A_UNLISTED, 2.5) < 0
    assert ln_ratio(3, A_ALL, 2.5) < ln_ratio(3, A_UNLISTED, 2.5)
    evil = Observable.of("domain", "evil.example.com")
    assert stratum_of(evil, listed=False) == "unlisted/domain"
    assert start("unlisted/domain").a == A_UNLISTED
    assert start("listed/ip4").a == A_ALL
    assert malicious_mean([]) == 2.5
    assert isclose(malicious_mean([(6, 2)] * 20), (2.5 * 20 + 5 * 20) / 40)
    assert malicious_mean([(7, 3)] * 20) == malicious_mean([(6, 2)] * 20)


def drawn(a, t, actors, count, seed):
    """A histogram of K drawn from the law, of which only K >= t shows."""
    mass = [exp(ln_benign(k, a)) for k in range(1, actors + 1)]
    total = sum(mass)
    counts = {}
    for unit in SeededDice(seed).units(count):
        k, left = 1, unit * total
        while left > mass[k - 1] and k < actors:
            left -= mass[k - 1]
            k += 1
        counts[k] = counts.get(k, 0) + 1
    return [Seen(k, t, n) for k, n in sorted(counts.items()) if k >= t]


@pytest.mark.parametrize("a", [0.5, 0.66, 0.9])
@pytest.mark.parametrize("t", [2, 3])
def test_the_fit_finds_a_though_it_never_sees_below_the_threshold(a, t):
    fitted = fit(drawn(a, t, 40, 60_000, seed=7), actors=40)
    assert abs(fitted.a - a) < 0.04


def test_too_few_elements_change_nothing_and_a_fit_without_the_threshold_would_be_far_off():
    assert fit([Seen(2, 2, 150), Seen(3, 2, 49)], actors=15) is None
    assert fit([Seen(2, 2, 150), Seen(3, 2, 50)], actors=15) is not None
    assert fit([Seen(2, 2, 900)], actors=2) is None
    assert fit_all({"unlisted/domain": [Seen(2, 2, 5)]}, actors=15) == {}
    seen = drawn(0.9, 3, 40, 60_000, seed=7)
    blind = fit([Seen(one.k, 1, one.count) for one in seen], actors=40)
    assert abs(blind.a - 0.9) > 0.2
