"""Messages of a ceremony: what is written is read, and no other bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.psi import group
from bavn.psi.threshold import messages
from bavn.psi.threshold.messages import (
    MESSAGE_BYTES_MAX,
    Answers,
    BadMessage,
    Complaints,
    Confirmation,
    Deal,
    SubShare,
)
from bavn.psi.threshold.proof import Proof
from tests.psi.conftest import SeededDice

CEREMONY = bytes(range(32))
HOLDERS = st.integers(1, 9)
SCALARS = st.integers(0, 2**32).map(lambda seed: group.random_scalar(SeededDice(seed)))
POINTS = SCALARS.map(group.times_base)
MESSAGES = st.one_of(
    st.builds(
        Deal,
        st.just(CEREMONY),
        HOLDERS,
        st.lists(POINTS, min_size=1, max_size=9).map(tuple),
        st.builds(Proof, SCALARS, SCALARS),
    ),
    st.builds(SubShare, st.just(CEREMONY), HOLDERS, HOLDERS, SCALARS),
    st.builds(Complaints, st.just(CEREMONY), HOLDERS, st.sets(HOLDERS).map(lambda found: tuple(sorted(found)))),
    st.builds(Answers, st.just(CEREMONY), HOLDERS, st.dictionaries(HOLDERS, SCALARS)),
    st.builds(Confirmation, st.just(CEREMONY), HOLDERS, st.binary(min_size=32, max_size=32)),
)


@given(MESSAGES)
def test_what_is_written_is_read_and_bounded(message) -> None:
    raw = message.to_bytes()
    assert messages.read(raw) == message
    assert len(raw) <= MESSAGE_BYTES_MAX


@given(MESSAGES, st.data())
def test_bytes_that_are_read_are_the_only_spelling(message, data) -> None:
    raw = bytearray(message.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for bent in (bytes(raw), cut, bytes(raw) + b"\x00"):
        try:
            told = messages.read(bent)
        except BadMessage:
            continue
        assert told.to_bytes() == bent


@given(st.binary(max_size=600) | st.binary(max_size=500).map(lambda raw: b"bavn-m3-1" + raw))
def test_any_bytes_are_a_message_or_none(raw) -> None:
    try:
        assert messages.read(raw).to_bytes() == raw
    except BadMessage:
        return


@pytest.mark.parametrize(
    "message",
    [
        Complaints(CEREMONY, 1, (2, 1)),
        Complaints(CEREMONY, 1, (2, 2)),
        Complaints(CEREMONY, 1, (0,)),
        Complaints(CEREMONY, 1, (10,)),
        Complaints(CEREMONY, 0, ()),
        Complaints(CEREMONY, 10, ()),
        Answers(CEREMONY, 1, {2: bytes(32)}),
        Answers(CEREMONY, 1, {2: b"\xff" * 32}),
        SubShare(CEREMONY, 1, 2, bytes(32)),
        SubShare(CEREMONY, 1, 0, group.ONE),
        Confirmation(CEREMONY, 1, bytes(31)),
        Deal(CEREMONY, 1, (), Proof(group.ONE, group.ONE)),
        Deal(CEREMONY, 1, (bytes(32),), Proof(group.ONE, group.ONE)),
        Deal(CEREMONY, 1, (b"\xff" * 32,), Proof(group.ONE, group.ONE)),
        Deal(CEREMONY, 1, (group.times_base(group.ONE),), Proof(group.ONE, bytes(32))),
        Deal(CEREMONY, 1, (group.times_base(group.ONE),) * 10, Proof(group.ONE, group.ONE)),
    ],
)
def test_values_that_no_message_has_are_not_read(message) -> None:
    with pytest.raises(BadMessage):
        messages.read(message.to_bytes())


def test_a_sub_share_is_not_shown() -> None:
    scalar = group.random_scalar(SeededDice(1))
    shown = repr(SubShare(CEREMONY, 1, 2, scalar))
    assert scalar.hex() not in shown
    assert repr(scalar)[2:-1] not in shown
