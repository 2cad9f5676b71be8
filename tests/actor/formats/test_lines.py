"""Bytes into lines: none lost, none split, each with its number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.formats import lines as room
from bavn.actor.formats.lines import Segment, count_lines, cut, line_column, line_ends

logs = st.binary(max_size=200) | st.lists(st.sampled_from([b"\n", b"a", b"\xff", b"\xc3\xa6"]), max_size=60).map(
    b"".join
)


@given(logs)
def test_lines_are_numbered_and_text(raw):
    column = line_column(Segment("f", 5, raw))
    whole = raw.split(b"\n")
    whole = whole if whole[-1] else whole[:-1]
    assert column.count == len(whole) == count_lines(raw)
    kept = dict(zip(column.table["n"].to_pylist(), column.table["line"].to_pylist(), strict=True))
    refused = {refusal.line - 5 for refusal in column.refused}
    assert sorted([*kept, *refused]) == list(range(len(whole)))
    for n, line in enumerate(whole):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            assert n in refused
        else:
            assert kept[n].rstrip("\n") == text


@given(logs, st.booleans())
def test_cutting_loses_nothing(raw, complete):
    pieces, rest = cut(raw, complete=complete)
    assert b"".join(piece.raw for piece in pieces) + rest == raw
    assert b"\n" not in rest
    assert rest == b"" or not complete


@given(logs, st.integers(1, 4))
def test_pieces_have_a_bounded_number_of_lines(raw, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "LINES_MAX", most)
        pieces, rest = cut(raw, complete=True)
        assert b"".join(piece.raw for piece in pieces) + rest == raw
        for piece in pieces:
            assert len(piece.ends) <= most
            assert piece.ends.tolist() == line_ends(piece.raw).tolist()


@given(logs, st.integers(1, 5))
def test_line_ends_are_found_whatever_the_block(raw, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_BLOCK_BYTES", block)
        ends = [at + 1 for at, byte in enumerate(raw) if byte == 10]
        assert line_ends(raw).tolist() == ends + ([len(raw)] if raw and raw[-1] != 10 else [])


def test_lines_are_numbered_from_one():
    with pytest.raises(ValueError, match="from 1"):
        Segment("f", 0, b"")
