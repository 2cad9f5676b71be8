"""What a congruent pair is worth: SCORING's 1.5 nats until measured, less where harmless software does so too."""

from math import isclose, log

from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.congruent import P_CAMPAIGN, PRIOR_ELEMENTS, Q_START, Congruent, measure
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.graph import congruent_shares
from bavn.centre.correlate.laws.fitted import ASSUMED
from bavn.centre.correlate.score import weigh
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
SEEN = Observable.of("domain", "seen.example.com")


def test_congruence_starts_at_1_5_nats_scales_and_says_on_what_it_rests(sign) -> None:
    assert Congruent().nats(1.5) == 1.5
    assert measure([]).nats(1.5) == 1.5
    assert measure([0.0] * 1000).nats(1.5) == 1.5
    assert isclose(measure([0.3] * 100_000).nats(1.5), log(P_CAMPAIGN / 0.3), abs_tol=1e-2)
    assert measure([1.0] * 1000).nats(1.5) == 0.0
    signs = [sign(actor=name, p_bucket=2, period_bucket=3, regularity_bucket=4) for name in ("anna", "bodil", "clara")]
    measured = Context(now_us=NOW_US, congruent=Congruent(0.4, 500), weights=ASSUMED)
    assert congruent_shares(signs, measured) == [1.0]
    term = next(term for term in weigh(SEEN, signs, measured).terms if term.name == "congruence")
    assert isclose(term.nats, 4.0 * log(P_CAMPAIGN / 0.4) / 1.5)
    assert "40 % of pairs do (measured on 500 elements)" in term.why.en
    assert "målt på 500 elementer" in term.why.da


@given(shares=st.lists(st.floats(0, 1), max_size=300))
def test_few_elements_move_it_little_and_it_stays_within_bounds(shares) -> None:
    found = measure(shares)
    assert found.elements == len(shares)
    assert abs(found.q - Q_START) <= len(shares) / (PRIOR_ELEMENTS + len(shares)) + 1e-9
    assert 0.0 <= found.nats(1.5) <= 1.5
