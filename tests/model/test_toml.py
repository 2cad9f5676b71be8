"""Whatever a text is, it is a table or BadToml."""

import pytest

from bavn.model.toml import BadToml, table_of


@pytest.mark.parametrize("text", ["a = " + "9" * 4400, "a = " + "[" * 3000, "a = " + "{b=" * 3000, "a", "a = 1\na = 2"])
def test_what_python_breaks_on_is_refused_in_words(text) -> None:
    with pytest.raises(BadToml) as caught:
        table_of(text)
    assert 0 < len(str(caught.value)) < 300


def test_what_is_well_is_a_table() -> None:
    assert table_of("[a]\nb = 1") == {"a": {"b": 1}}
