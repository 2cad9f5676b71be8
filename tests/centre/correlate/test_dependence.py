"""How far reports repeat each other: the fit finds what was drawn, and the sum never counts more than it should."""

from math import exp, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import R_MAX, R_MIN, Dependence, fit
from bavn.centre.correlate.laws.fitted import ASSUMED
from bavn.centre.correlate.score import group_evidence, weigh
from bavn.model.evidence import evidence_nats
from bavn.model.observable import Observable
from bavn.traffic.dice import SeededDice

NOW_US = 1_700_000_000_000_000
SEEN = Observable.of("domain", "seen.example.com")


def drawn(r, elements, seed):
    """Worths with this intraclass correlation, of 2 to 9 groups each."""
    dice = SeededDice(seed)
    made = []
    for shared in dice.bells(elements, 0.0, 1.0).tolist():
        own = dice.bells(2 + dice.below(8), 0.0, 1.0)
        made.append((r**0.5 * shared + (1 - r) ** 0.5 * own).tolist())
    return made


@pytest.mark.parametrize("r", [0.15, 0.3, 0.5, 0.8])
def test_the_fit_finds_the_correlation_it_was_drawn_with(r):
    assert abs(fit(drawn(r, 3000, seed=3)).r - r) < 0.05


def test_reports_of_one_thing_are_one_evidence_for_each_group_and_the_fit_stays_in_bounds(sign):
    assert fit(drawn(0.0, 2000, seed=3)).r == R_MIN
    assert fit([[1.0, 1.0], [2.0, 2.0]] * 200).r == R_MAX
    assert fit([[1.0, 1.0]] * 300).r == R_MAX
    assert fit(drawn(0.5, 199, seed=3)) is None
    assert fit([[1.0]] * 500) is None

    def evidence(actors):
        signs = [sign(actor=f"actor-{n}", group=f"actor-{n}", p_bucket=5) for n in range(actors)]
        return next(
            term
            for term in weigh(SEEN, signs, Context(now_us=NOW_US, weights=ASSUMED)).terms
            if term.name == "evidence"
        )

    assert isclose(evidence(1).nats, evidence_nats(2**-5))
    assert evidence(3).nats > evidence(1).nats + 0.3
    assert evidence(100).nats < 2 * evidence(1).nats + 1e-9
    assert "100 reports count as 2.0" in evidence(100).why.en
    assert "korrelation 0,50" in evidence(100).why.da
    signs = [sign(actor="anna", group="v", p_bucket=9), sign(actor="bodil", group="v", p_bucket=3), sign(actor="c")]
    (worths,) = group_evidence(signs, ASSUMED).values()
    assert len(worths) == 2


@given(ps=st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=30))
def test_at_full_dependence_the_sum_is_below_the_average_of_e_values(ps):
    nats = [evidence_nats(p) for p in ps]
    merged = exp(Dependence(1.0).scale(len(ps)) * sum(nats))
    assert merged <= sum(exp(one) for one in nats) / len(ps) + 1e-9


@given(r=st.floats(0, 1), groups=st.integers(1, 500))
def test_no_number_of_reports_counts_for_more_than_they_are_nor_for_less_than_one(r, groups):
    effective = Dependence(r).effective(groups)
    assert 1 - 1e-9 <= effective <= groups + 1e-9
    assert r < 0.01 or effective <= 1 / r + 1e-9
