"""The life-cycle is its table; two different people stand behind what blocks by itself; worth decays by its law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.intel.decay import falls_below_us, worth
from bavn.model.intel.indicator import Pap
from bavn.model.moment import DAY_US
from bavn.model.sector.case import NotNow
from bavn.model.sector.indicator_life import LIFE, LifeAct, LifeState, distinct, may_go, next_state


@pytest.mark.parametrize("state", LifeState)
@pytest.mark.parametrize("act", LifeAct)
def test_a_step_is_in_the_table_or_refused_by_name(state, act) -> None:
    if (state, act) in LIFE:
        assert next_state(state, act) is LIFE[state, act]
        return
    with pytest.raises(NotNow, match=act.value):
        next_state(state, act)


def test_nothing_is_released_without_review_and_worth_halves_by_time_or_a_false_group() -> None:
    into = {state for (state, act), after in LIFE.items() if after is LifeState.RELEASED and act is LifeAct.RELEASE}
    assert into == {LifeState.REVIEW, LifeState.APPROVED}
    assert set(LIFE.values()) | {LifeState.DRAFT} == set(LifeState)
    assert {act for _, act in LIFE} == set(LifeAct)
    assert worth(80, 0, 14 * DAY_US, half_life_days=14) == 40
    assert worth(90, 0, 0, half_life_days=14, false_groups=1) == 45
    assert worth(90, 0, 0, half_life_days=14, true_groups=3, false_groups=1) == 72
    assert worth(80, 10 * DAY_US, 0, half_life_days=14) == 80


names = st.lists(st.sampled_from(["", "Anna", "anna", "ANNA", "Bo", "Carl"]), max_size=4)


@given(st.sampled_from(Pap), names)
def test_two_different_people_stand_behind_what_blocks(pap, people) -> None:
    behind = len({name.casefold() for name in people if name})
    assert len(distinct(people)) == behind
    assert may_go(pap, people) == (behind >= (2 if pap >= Pap.GREEN else 1))


given_worth = {
    "base": st.integers(0, 100),
    "half": st.floats(0.5, 400),
    "age": st.integers(0, 400 * DAY_US),
    "true": st.integers(0, 50),
    "false": st.integers(0, 50),
}


@given(**given_worth)
def test_worth_only_falls_with_time_and_with_every_group_that_found_it_wrong(base, half, age, true, false) -> None:
    now = worth(base, 0, age, half_life_days=half, true_groups=true, false_groups=false)
    assert 0 <= now <= base
    assert worth(base, 0, age + DAY_US, half_life_days=half, true_groups=true, false_groups=false) <= now
    assert worth(base, 0, age, half_life_days=half, true_groups=true, false_groups=false + 1) <= now
    assert worth(base, 0, age, half_life_days=half, true_groups=true + 1, false_groups=false) >= now
    assert worth(base, age, age, half_life_days=half, true_groups=true, false_groups=false) >= now


@given(base=st.integers(1, 100), half=st.floats(1, 400), line=st.integers(1, 99), false=st.integers(0, 5))
def test_the_day_on_which_it_falls_is_the_day_on_which_it_falls(base, half, line, false) -> None:
    at_us = falls_below_us(base, 5, line, half_life_days=half, false_groups=false)
    if at_us > 5:
        assert worth(base, 5, at_us, half_life_days=half, false_groups=false) == pytest.approx(line, abs=1)
    else:
        assert worth(base, 5, 5, half_life_days=half, false_groups=false) <= line
