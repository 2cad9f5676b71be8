"""What a name can carry, one by one against the plain formula."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.statistics.information import ADDRESS_SHARE, busiest, information_bytes


def plain(name: str) -> float:
    letters = name.replace(".", "").lower()
    counts = Counter(letters).values()
    entropy = -sum(n / len(letters) * math.log2(n / len(letters)) for n in counts) if letters else 0.0
    return len(letters) * entropy / 8


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz.", max_size=60), max_size=20))
@settings(max_examples=100)
def test_it_is_length_times_entropy(names) -> None:
    assert information_bytes(names) == pytest.approx([plain(name) for name in names])


@given(st.lists(st.text(max_size=300), max_size=5))
@settings(max_examples=50)
def test_any_text_has_a_finite_amount(names) -> None:
    amount = information_bytes(names)
    assert amount.shape == (len(names),)
    assert np.isfinite(amount).all()
    assert (amount >= 0).all()


@pytest.mark.parametrize("name", ["4.3.2.1", "34.113.0.203.zen", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0"])
def test_a_name_that_spells_an_address_counts_a_tenth(name) -> None:
    letters = name.replace(".", "")
    assert information_bytes([name])[0] == pytest.approx(ADDRESS_SHARE * plain(letters))


@pytest.mark.parametrize("name", ["4.3.2", "a4.3.2.1x", "1234.5.6.7"])
def test_other_numbers_count_in_full(name) -> None:
    assert information_bytes([name])[0] == pytest.approx(plain(name.replace(".", "")))


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 100)), min_size=1, max_size=40), st.integers(1, 3000))
@settings(max_examples=100)
def test_the_busiest_span_is_the_busiest(events, span) -> None:
    events.sort()
    at, amount = np.array([t for t, _ in events]), np.array([a for _, a in events])
    most, end = busiest(at, amount, span)
    sums = [sum(a for t, a in events if e - span < t <= e) for e, _ in events]
    assert most == pytest.approx(max(sums))
    assert sum(a for t, a in events if end - span < t <= end) == pytest.approx(most)


def test_nothing_carries_nothing() -> None:
    assert busiest(np.zeros(0, np.int64), np.zeros(0), 10) == (0.0, 0)
    assert len(information_bytes([])) == 0
