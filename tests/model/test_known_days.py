"""What counts as established and as appearing, day by day, against the definitions written out over a plain table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.sector.known_days import DAYS, EDGES, KnownDays, bucket_of

TODAY = 20_800
answers_by_day = st.dictionaries(st.integers(TODAY - 40, TODAY), st.integers(0, len(EDGES)), min_size=1, max_size=30)


def kept(answers: dict[int, int]) -> KnownDays:
    days = sorted(answers)
    known = KnownDays.first(days[0], answers[days[0]])
    for day in days[1:]:
        known = known.on(day, answers[day])
    return known


def remembered(answers: dict[int, int]) -> dict[int, int]:
    return {day: bucket for day, bucket in answers.items() if day > max(answers) - DAYS}


@given(answers=answers_by_day)
def test_each_day_is_remembered_for_four_weeks_and_no_other_is_made_up(answers) -> None:
    known, last = kept(answers), remembered(answers)
    assert {day: known.bucket(day) for day in range(TODAY - 60, TODAY + 3)} == {
        day: last.get(day) for day in range(TODAY - 60, TODAY + 3)
    }


@given(answers=answers_by_day, today=st.integers(TODAY - 3, TODAY + 8))
def test_established_and_appearing_are_what_the_definitions_say(answers, today) -> None:
    known, last = kept(answers), remembered(answers)
    many = [day for day, bucket in last.items() if bucket >= bucket_of(5) and today - 14 < day <= today]
    assert known.established(today) == (len(many) >= 7)
    first = min((day for day, bucket in last.items() if bucket >= 1), default=None)
    below = first is not None and any(last.get(first - back) == 0 for back in (1, 2, 3))
    assert known.appearing(today) == (below and first is not None and today - first < 3)
    assert known.shared_since() == first


def test_established_and_appearing_count_groups_by_day_and_bucket() -> None:
    """COMMONS.md: below t, 3-4, 5-8, 9-16, 17-32, 33 and more."""
    days = {TODAY - back: bucket_of(5) for back in range(0, 14, 2)}
    assert kept(days).established(TODAY)
    assert not kept(days | {TODAY: bucket_of(4)}).established(TODAY)
    assert not kept(days).established(TODAY + 2)
    assert not kept({TODAY - back: bucket_of(99) for back in range(6)}).established(TODAY)
    assert kept({TODAY - 1: 0, TODAY: 1}).appearing(TODAY)
    assert kept({TODAY - 3: 0, TODAY: 5}).appearing(TODAY + 2)
    assert not kept({TODAY - 4: 0, TODAY: 1}).appearing(TODAY)
    assert not kept({TODAY - 1: 0, TODAY: 1}).appearing(TODAY + 3)
    assert not kept({TODAY: 1}).appearing(TODAY)
    assert not kept({TODAY - 9: 1, TODAY - 1: 0, TODAY: 1}).appearing(TODAY)
    assert not kept({TODAY - 1: 0, TODAY: 0}).appearing(TODAY)
    assert kept({TODAY: 3}).on(TODAY, 1).bucket(TODAY) == 1
    assert kept({TODAY: 1}).on(TODAY, 3).bucket(TODAY) == 1
    with pytest.raises(ValueError, match="order"):
        kept({TODAY: 1}).on(TODAY - 1, 1)
    edges = {2: 0, 3: 1, 4: 1, 5: 2, 8: 2, 9: 3, 16: 3, 17: 4, 32: 4, 33: 5, 400: 5}
    assert {k: bucket_of(k) for k in edges} == edges


@pytest.mark.parametrize("raw", [b"", b"\0" * 27, b"\0" * 29, b"\x06" + b"\0" * 27, b"\xff" * 28])
def test_what_is_no_row_of_days_is_refused(raw) -> None:
    with pytest.raises(ValueError, match=r"days|listed"):
        KnownDays(TODAY, raw)
