"""Pairs of fingerprints and chains: one spelling each, and periods that are congruent always share a band."""

from math import exp, log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bavn.model.evidence import PERIOD_EDGES_S, bucket_of
from bavn.model.intel.behaviour import (
    BAND_NATS,
    band_of,
    band_span_s,
    bands_of,
    chain,
    fingerprints_of,
    pair,
    period_buckets_of,
    steps_of,
)
from bavn.model.observable import CHAIN_BAND_MAX, NotCanonical, Observable, is_external

JA3, JA3S = "e7d705a3286e19ea42f587b344ee6865", "303951d4c50efb2e991652225a6f02b1"
JA4, JA4S = "t13d1516h2_8daaf6152771_e5627efa2ab1", "t130200_1302_a56c5b993250"
periods = st.floats(1.0, exp(BAND_NATS * CHAIN_BAND_MAX))


@given(periods, st.floats(-0.3499, 0.3499))
def test_congruent_periods_share_a_band(period: float, apart: float) -> None:
    other = period * exp(apart)
    assume(1.0 <= other < exp(BAND_NATS * CHAIN_BAND_MAX))
    assert set(bands_of(period)) & set(bands_of(other))


@given(periods, periods)
def test_periods_of_one_band_are_never_twice_congruent_apart(period: float, other: float) -> None:
    if set(bands_of(period)) & set(bands_of(other)):
        assert abs(log(period / other)) < 2 * BAND_NATS + 1e-9


@given(periods)
def test_a_period_lies_in_its_bands_and_their_buckets(period: float) -> None:
    assert bands_of(period)
    for band in bands_of(period):
        low, high = band_span_s(band)
        assert low * (1 - 1e-9) <= period <= high * (1 + 1e-9)
        assert bucket_of(period, PERIOD_EDGES_S) in period_buckets_of(band)


@pytest.mark.parametrize("period", [0.0, 0.99, 5e6])
def test_what_is_too_short_or_too_long_has_no_band(period: float) -> None:
    assert bands_of(period) == ()


@pytest.mark.parametrize(("client", "server"), [(JA3, JA3S), (JA4, JA4S), (JA4, JA3S)])
def test_a_pair_is_taken_apart_as_it_was_put_together(client: str, server: str) -> None:
    made = pair(client, server)
    assert fingerprints_of(made) == (client, server)
    assert Observable.of("fp-pair", f" {made.value.upper()} ") == made
    assert is_external(made)
    assert (steps_of(made), band_of(made)) == ((), None)


@pytest.mark.parametrize(
    "text",
    [JA3, f"{JA3}+", f"+{JA3S}", f"{JA3}+{JA4S}", f"{JA3}+{JA3S}+{JA3S}", f"{JA4S}+{JA4}", f"{JA3} + {JA3S}", ""],
)
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        Observable.of("fp-pair", text)


@pytest.mark.parametrize(("steps", "band"), [(("T1046", "T1021.002"), None), (("T1571", "T1071", "T1048"), 20)])
def test_a_chain_is_taken_apart_as_it_was_put_together(steps: tuple[str, ...], band: int | None) -> None:
    made = chain(steps, band)
    assert (steps_of(made), band_of(made)) == (steps, band)
    assert Observable.of("chain", made.value.lower()) == made
    with pytest.raises(ValueError, match="pair"):
        fingerprints_of(made)


@pytest.mark.parametrize(
    "text",
    [
        "T1046",
        "T1046-T1046",
        "T1046-T1021-T1046",
        "T1046-",
        "T1046-T1071@",
        "T1046-T1071@07",
        "T1046-T1071@40",
        "T1046-T1071@-1",
        "T1046-T1071@2@3",
        "T1046-T107",
        "T1001-T1002-T1003-T1004-T1005-T1006-T1007",
        "",
    ],
)
def test_what_is_no_chain_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        Observable.of("chain", text)
