"""A pattern in verbose form and what is left of it mean the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.verbose import plain


@pytest.mark.parametrize(
    ("verbose", "left"),
    [
        ("a b", "ab"),
        (r"a\ b", "a b"),
        (r"a\  # its name" + "\nb", "a b"),
        ("a  # (a comment]\n  b", "ab"),
        (r"\#[0-9]  # a hash", "#[0-9]"),
        (r"[^\s#] [ \]#] x", r"[^\s#][ \]#]x"),
        ("[]# ] x", "[]# ]x"),
        (r"\\ \[ # a bracket", r"\\\["),
        ("", ""),
    ],
)
def test_layout_goes_and_what_is_meant_stays(verbose: str, left: str) -> None:
    assert plain(verbose) == left


@given(st.lists(st.sampled_from(["a", r"\ ", r"\#", " ", "\n", "# c ( [\n", "[ #]", r"[^\]\ ]", r"\\", r"\[", "(b)?"])))
def test_python_reads_both_alike(pieces: list[str]) -> None:
    verbose = "".join(pieces)
    both = (re.compile(verbose, re.VERBOSE), re.compile(plain(verbose)))
    for text in ("", "a", " a#", "a b", "#", "\\[b", " #b] a", "x" + verbose):
        first, second = (pattern.search(text) for pattern in both)
        assert (first and first.group()) == (second and second.group())
