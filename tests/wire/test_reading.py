"""Reading: whatever a parser does with bytes from outside is one refusal with a count."""

import logging
from collections import Counter

import pytest

from bavn.centre.inbox import foreign_json
from bavn.model.outcome import Refused
from bavn.wire import codec, frames, reading, seal, strict_json
from bavn.wire.partners import stix_indicator, taxii
from bavn.wire.reading import REFUSED, UNREADABLE, mended, read, reads, sound, unreadable_counts

FAILURES = [RuntimeError("x"), RecursionError(), MemoryError(), UnicodeError(), KeyError("\ud800"), AssertionError()]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_whatever_a_parser_raises_is_one_refusal_that_names_no_byte(error, caplog, monkeypatch) -> None:
    monkeypatch.setattr(reading, "_counts", Counter())

    @reads
    def parser(raw: bytes) -> int:
        raise error

    with caplog.at_level(logging.WARNING):
        before = sum(unreadable_counts().values())
        assert parser(b"secret") == Refused(UNREADABLE, "these bytes cannot be read")
        assert read(parser.__wrapped__, b"secret") == REFUSED
    assert sum(unreadable_counts().values()) == before + 2
    assert "secret" not in caplog.text
    assert "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b" in caplog.text, "the digest"


def test_what_is_read_is_what_the_parser_says_and_bad_text_is_mended() -> None:
    assert read(int, "7") == 7
    assert strict_json.parse(b"{", 9).rule == "not_json"
    assert strict_json.parse(b'{"\\ud800":1}', 99).rule == UNREADABLE
    assert sound("plain")
    assert sound("æ😀")
    assert not sound("a\0b")
    assert not sound("\udfff")
    raw = b'{"\\ud800":["a\\u0000", 1, "\\ud83d\\ude00"]}'
    assert mended({"\ud800": ["a\0", 1, "😀"]}, raw) == {"\ufffd": ["a\ufffd", 1, "😀"]}
    data = {"a": ["b"]}
    assert mended(data, b'{"a":["b"]}') is data


@pytest.mark.parametrize(
    ("where", "name", "asked"),
    [
        (strict_json, "_depth", lambda: strict_json.parse(b"{}", 9)),
        (codec, "parse", lambda: codec.decode(codec.Encoded("Health", b"{}"), codec.UP_KINDS)),
        (seal, "parse", lambda: seal.address(b"{}\n{}")),
        (seal, "_split", lambda: seal.open({}, "centre", b"{}\n{}", codec.UP_KINDS)),
        (frames, "_LENGTH_BYTES", lambda: frames.split(b"\0\0\0\1x")),
        (stix_indicator, "parse", lambda: stix_indicator.indicator_of("{}")),
        (taxii, "_TOKEN", lambda: taxii.read_json(b"{}", 99)),
        (foreign_json, "_TOKEN", lambda: foreign_json.load(b"{}", 99)),
    ],
)
def test_every_parser_of_what_comes_from_outside_is_such_a_stage(monkeypatch, where, name, asked) -> None:
    """Broken in turn, each gives a refusal."""

    def breaks(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(where, name, breaks)
    outcome = asked()
    assert isinstance(outcome, Refused)
