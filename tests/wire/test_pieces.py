"""A large envelope in pieces: whole at the other end, or refused; bounded whatever comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.wire import pieces
from bavn.wire.pieces import GATHERED_MAX, IDLE_US, Pieces, cut


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 4)


def added(to, actor, envelope, now_us=0):
    return [to.add(actor, at, piece, now_us) for at, piece in cut(envelope)]


@pytest.mark.parametrize("envelope", [b"a", b"abcd", b"abcde", b"abcdefghijk"])
def test_it_is_whole_with_its_last_piece_and_not_before(envelope) -> None:
    *before, last = added(Pieces(), "north", envelope)
    assert last == envelope
    assert set(before) <= {None}


def test_who_begins_anew_begins_anew_and_a_piece_out_of_turn_is_refused() -> None:
    here = Pieces()
    (zero, first), (four, second), _ = cut(b"abcdefghi")
    assert here.add("north", zero, first, 0) is None
    assert here.add("south", four, second, 0).rule == "piece_order", "one actor's pieces are not another's"
    assert here.add("north", zero, first, 0) is None
    assert here.add("north", four, second, 0) is None
    assert here.add("north", four, second, 0).rule == "piece_order"
    assert here.add("north", 8, second, 0).rule == "malformed_piece"
    assert added(here, "north", b"abcdefghi")[-1] == b"abcdefghi"


def test_what_does_not_make_the_whole_is_refused() -> None:
    here, (at, piece) = Pieces(), next(cut(b"abc"))
    assert here.add("north", at, piece[:-1] + b"x", 0).rule == "malformed_piece"
    huge = pieces._HEAD.pack(bytes(32), pieces.ENVELOPE_BYTES_MAX + 1) + b"abcd"
    assert here.add("north", 0, huge, 0).rule == "malformed_piece"


def test_only_so_many_at_a_time_and_what_nobody_goes_on_with_makes_room() -> None:
    here, (at, first) = Pieces(), next(cut(b"abcdefghi"))
    for number in range(GATHERED_MAX):
        assert here.add(f"actor-{number}", at, first, number) is None
    assert here.add("late", at, first, IDLE_US).rule == "pieces_full"
    assert here.add("actor-7", at, first, IDLE_US) is None, "who holds a place may begin anew"
    assert here.add("late", at, first, IDLE_US + 1) is None


@given(st.binary(max_size=60), st.integers(0, 2**53))
def test_no_bytes_break_it(piece, at) -> None:
    assert isinstance(Pieces().add("north", at, piece, 0), Refused | bytes | None)
