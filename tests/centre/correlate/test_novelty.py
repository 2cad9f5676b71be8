"""Newness is worth what it is rare among the harmless, and no report more makes an element look newer."""

from math import isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.laws.novelty import ALL, NEW_CAMPAIGN, PRIOR_ELEMENTS, Q_START, Novelty, measure
from bavn.centre.correlate.score import newness
from bavn.centre.correlate.sharing import Fit
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
HOUR = NOW_US // HOUR_US


def test_before_anything_is_known_the_start_value_stands_and_new_peers_alone_say_nothing() -> None:
    plain = Novelty()
    assert isclose(plain.nats({"beacon"}, new=True), log(NEW_CAMPAIGN / Q_START))
    assert isclose(plain.nats({"beacon"}, new=False), log((1 - NEW_CAMPAIGN) / (1 - Q_START)))
    assert measure([(frozenset({"beacon"}), True)] * (PRIOR_ELEMENTS - 1)) == Novelty()
    seen = [(frozenset({"rarity"}), True)] * 200 + [(frozenset({"beacon"}), False)] * 600
    measured = measure(seen)
    assert measured.nats({"rarity"}, new=True) == 0.0
    assert measured.nats({"beacon"}, new=True) > 1.5
    assert measured.nats({"beacon", "rarity"}, new=True) == 0.0
    assert measured.share({"seldom"}) == measured.shares[ALL]
    assert measured.shares["rarity"].elements == 200


@given(
    shares=st.dictionaries(st.sampled_from([ALL, "a", "b", "c"]), st.floats(0.01, 0.99), min_size=1),
    detectors=st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1),
    more=st.sampled_from(["a", "b", "c", "d"]),
)
def test_one_report_more_never_makes_an_element_look_newer(shares, detectors, more) -> None:
    novelty = Novelty({name: Fit(share, 100) for name, share in shares.items()})
    assert novelty.nats(detectors | {more}, new=True) <= novelty.nats(detectors, new=True)
    assert novelty.nats(detectors, new=False) <= 0.0 <= novelty.nats(detectors, new=True)
    assert novelty.nats(detectors | {more}, new=False) == novelty.nats(detectors, new=False)


@pytest.mark.parametrize(("hours", "new"), [(5, True), (500, False)])
def test_what_is_measured_is_the_elements_own_age(sign, hours, new) -> None:
    seen = Observable.of("domain", "seen.example.com")
    signs = [sign(actor=name, observable=seen, first_hour=HOUR - hours) for name in ("anna", "bodil")]
    alone = [sign(actor="anna", observable=Observable.of("domain", "alone.example.com"))]
    assert newness(signs + alone, Context(now_us=NOW_US)) == [(frozenset({"beacon"}), new)]
