from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.settings import SettingsError, load, setting


@dataclass(frozen=True)
class Some:
    age_days_max: int = setting(30, unit="days", holds="How long.", low=1, high=3650)
    share: float = setting(0.5, holds="Part.", low=0, high=1)
    names: tuple[str, ...] = setting((), holds="Names.")
    on: bool = setting(default=True, holds="Whether.")
    rows_max: int = 7


def test_defaults_and_given() -> None:
    assert load(Some, {}, "x") == Some()
    assert load(Some, {"share": 1, "names": ["a"]}, "x") == Some(share=1.0, names=("a",))


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"age_day_max": 3}, "no setting is called 'age_day_max'"),
        ({"rows_max": 8}, "no setting is called 'rows_max'; known: age_days_max, names, on, share"),
        ({"age_days_max": "3"}, "must be a whole number"),
        ({"age_days_max": True}, "must be a whole number"),
        ({"age_days_max": 0}, "at least 1 days"),
        ({"share": 1.5}, "at most 1, not 1.5"),
        ({"names": "a"}, "must be a list"),
        ({"names": [1]}, "must be a text"),
        ({"on": 1}, "true or false"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(given_, words) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        load(Some, given_, "policy.toml [door]")
    assert "policy.toml [door]" in str(caught.value)


@given(
    st.dictionaries(
        st.sampled_from(["age_days_max", "share", "names", "on", "else"]),
        st.none() | st.integers() | st.floats() | st.text() | st.booleans() | st.lists(st.integers()),
    )
)
def test_whatever_is_given_it_loads_or_says_why(given_) -> None:
    try:
        made = load(Some, given_, "x")
    except SettingsError as error:
        assert str(error).startswith("x")
    else:
        assert 1 <= made.age_days_max <= 3650
