"""The shipped table: it rises, it says what it rests on, and what does not count still says what it saw."""

from math import isclose

import pytest

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.laws import fitted
from bavn.centre.correlate.laws.fitted import ANY, ASSUMED, OPTIONAL, Weights
from bavn.centre.correlate.score import weigh
from bavn.model.evidence import EVIDENCE_NATS_MAX, EVIDENCE_NATS_MIN, P_BUCKETS, evidence_nats
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
SEEN = Observable.of("domain", "seen.example.com")
ROW = tuple(float(bucket) / 10 for bucket in range(P_BUCKETS))


def test_rows_rise_within_bounds_and_one_that_falls_is_refused() -> None:
    facts = fitted.known()
    assert facts["origin"]["families"] > 10
    assert facts["origin"]["command"].startswith("bavn bench fit")
    assert "/" not in facts["origin"]["data"]
    assert ANY in facts["evidence"]
    for row in facts["evidence"].values():
        assert row["nats"] == sorted(row["nats"])
        assert all(EVIDENCE_NATS_MIN <= nats <= EVIDENCE_NATS_MAX for nats in row["nats"])
        assert {len(row[name]) for name in ("low", "high", "families", "harmless")} == {P_BUCKETS}
    assert {*facts["terms"]} <= {*OPTIONAL}
    for row in ([1.0] * (P_BUCKETS - 1), [1.0] * (P_BUCKETS - 1) + [0.5]):
        with pytest.raises(ValueError, match="beacon"):
            fitted.read({"evidence": {"beacon": {"nats": row}}, "terms": []})
    assert ASSUMED.walk == fitted.WALK_NATS
    assert Weights({"scan": (-1.0,) * P_BUCKETS}, level=2.0).walk == 1.0


def test_a_detector_without_a_row_goes_by_any_and_terms_that_do_not_count_say_so(sign) -> None:
    weights = Weights({ANY: ROW, "beacon": (1.0,) * P_BUCKETS})
    assert weights.nats("beacon", 3) == 1.0
    assert weights.nats("new-one", 3) == ROW[3]
    assert ASSUMED.nats("new-one", 5) == evidence_nats(2**-5)
    assert Weights({ANY: (9.0,) * P_BUCKETS}).nats("beacon", 0) == EVIDENCE_NATS_MAX
    signs = [
        sign(actor=name, period_bucket=3, regularity_bucket=4, hosts_bucket=0) for name in ("anna", "bodil", "clara")
    ]
    for terms in (frozenset(), frozenset({"sharing"})):
        weighed = weigh(SEEN, signs, Context(now_us=NOW_US, weights=Weights({ANY: ROW}, terms)))
        by_name = {term.name: term for term in weighed.terms}
        for name in ("sharing", "hosts", "congruence"):
            counts = name in terms
            assert (by_name[name].nats != 0) is counts
            assert ("It adds nothing" in by_name[name].why.en) is not counts
        assert "Shared by 3 independent actors" in by_name["sharing"].why.en
    for actors in (("anna",), ("anna", "bodil", "clara")):
        signs = [sign(actor=name) for name in actors]
        low, high = (
            weigh(SEEN, signs, Context(now_us=NOW_US, weights=Weights({ANY: ROW}, frozenset(), level)))
            for level in (0.0, 3.0)
        )
        assert isclose(high.score - low.score, 3.0)
        assert isclose(high.score, sum(term.nats for term in high.terms))
        assert "begins at 3.0" in high.terms[0].why.en
        assert "begins at" not in low.terms[0].why.en
