"""What --last, --from and --to mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.hunt.span import LAST_US, RequestedSpan, SpanUnclear, length, moment, requested_span
from bavn.model.moment import DAY_US, HOUR_US


def test_a_span_counts_back_from_the_newest_in_utc_or_is_all_there_is() -> None:
    assert requested_span(last="2d").of(0, 10 * DAY_US) == (8 * DAY_US + 1, 10 * DAY_US + 1)
    assert requested_span(last="2d", end="1970-01-06").of(0, 10 * DAY_US) == (3 * DAY_US, 5 * DAY_US)
    assert RequestedSpan().of(5, 9) == (5, 10)
    assert moment("1970-01-02T01:00") == DAY_US + HOUR_US
    assert moment("1970-01-02T02:00+01:00") == DAY_US + HOUR_US
    assert moment("1970-01-02") == DAY_US


@pytest.mark.parametrize(
    "words",
    [("", "x"), ("7x",), ("0d",), ("-1d",), ("7d", "2026-01-01"), ("", "2026-01-02", "2026-01-01"), ("", "0001-01-01")],
)
def test_what_names_no_span_is_one_clear_error(words) -> None:
    with pytest.raises(SpanUnclear):
        requested_span(*words)


@given(st.text(max_size=40))
def test_any_text_is_a_span_or_refused(text) -> None:
    for read in (length, moment):
        try:
            assert 0 <= read(text) <= max(LAST_US, 999_999 * 7 * DAY_US)
        except SpanUnclear as error:
            assert str(error)
