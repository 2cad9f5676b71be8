"""Calibration: what is counted, that no case predicts itself, that more never means less, and that few say little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import binomtest

from bavn.centre.cases.case.calibration import EDGES, JUDGED_MIN, Judged, calibrate, wilson
from bavn.model.evidence import isotonic
from bavn.traffic.dice import SeededDice


def drawn(count, seed):
    """Cases whose chance of being confirmed rises with the score."""
    dice = SeededDice(seed)
    scores = dice.units(count) * 14
    return [
        Judged(f"case-{at}", float(score), dice.unit() < 1 / (1 + 2.7 ** (7 - score)))
        for at, score in enumerate(scores)
    ]


def test_nothing_judged_says_nothing():
    found = calibrate([])
    assert (found.judged, found.predictions, found.brier) == (0, 0, None)
    assert all(b.share is None and (b.least, b.most) == (0.0, 1.0) for b in found.bins)
    assert len(found.bins) == len(EDGES) + 1


def test_few_verdicts_predict_nothing_and_their_intervals_are_wide():
    found = calibrate([Judged(str(n), 8.5, True) for n in range(JUDGED_MIN)])
    assert found.predictions == 0
    one = found.bin_of(8.5)
    assert (one.judged, one.confirmed, one.share) == (10, 10, 1.0)
    assert 0.6 < one.least < 0.9
    assert one.most == 1.0


def test_a_score_that_says_something_beats_the_plain_share_and_predictions_fit_their_bins():
    found = calibrate(drawn(600, seed=4))
    assert found.predictions == 600 - JUDGED_MIN
    assert found.brier < 0.7 * found.brier_plain
    for one in found.bins:
        if one.judged > 40:
            assert abs(one.predicted - one.share) < 0.2
    shares = [one.share for one in found.bins if one.judged > 40]
    assert shares == sorted(shares)


def test_a_score_that_says_nothing_does_not_beat_the_plain_share():
    dice = SeededDice(9)
    blind = [Judged(str(at), float(score), dice.unit() < 0.5) for at, score in enumerate(dice.units(400) * 14)]
    found = calibrate(blind)
    assert found.brier > found.brier_plain


@settings(max_examples=60)
@given(cases=st.lists(st.tuples(st.floats(-20, 40), st.booleans()), max_size=40))
def test_every_case_is_in_one_bin_and_no_share_leaves_its_interval(cases):
    found = calibrate([Judged(str(at), score, confirmed) for at, (score, confirmed) in enumerate(cases)])
    assert sum(b.judged for b in found.bins) == len(cases) == found.judged
    assert sum(b.predictions for b in found.bins) == found.predictions == max(0, len(cases) - JUDGED_MIN)
    for b in found.bins:
        assert b.share is None or b.least <= b.share <= b.most
        assert b.predicted is None or 0 <= b.predicted <= 1


@settings(max_examples=60)
@given(
    points=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 9)), min_size=1, max_size=30),
)
def test_the_regression_is_the_well_known_one(points):
    values, weights = np.array([v for v, _ in points]), np.array([float(w) for _, w in points])
    assert np.allclose(isotonic(values, weights), isotonic_regression(values, weights=weights).x)


def test_the_interval_is_the_well_known_one():
    for confirmed, judged in ((0, 4), (3, 7), (9, 9), (50, 400)):
        known = binomtest(confirmed, judged).proportion_ci(method="wilson")
        assert np.allclose(wilson(confirmed, judged), known, atol=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("last", [True, False])
def test_a_case_is_not_predicted_from_itself(last):
    before = [Judged(str(n), float(n % 7), n % 7 > 3) for n in range(30)]
    assert calibrate([*before, Judged("x", 50.0, last)]).bin_of(50.0).predicted == 1.0
