"""Several envelopes in a body: what is joined splits again, and no bytes raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.wire import frames


@given(envelopes=st.lists(st.binary(min_size=1, max_size=50), max_size=20))
def test_joined_envelopes_split_again(envelopes) -> None:
    assert frames.split(frames.join(envelopes)) == envelopes


@given(body=st.binary(max_size=200))
def test_any_bytes_split_or_are_refused(body) -> None:
    outcome = frames.split(body)
    if not isinstance(outcome, Refused):
        assert frames.join(outcome) == body


@pytest.mark.parametrize(
    "body", [b"\x00", b"\x00\x00\x00\x00", b"\x00\x00\x00\x02a", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01a\x00"]
)
def test_lengths_that_lie_are_refused(body) -> None:
    assert isinstance(frames.split(body), Refused)


def test_too_many_are_refused_at_either_end() -> None:
    with pytest.raises(ValueError):
        frames.join([b"a"] * (frames.ENVELOPES_MAX + 1))
    assert isinstance(frames.split(frames.join([b"a"] * 1000) + frames.join([b"a"])), Refused)
