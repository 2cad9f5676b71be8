"""Entries: one way to write each, and nothing in any that a member may not know."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.tlog.bad import BadLog
from bavn.tlog.entries import KINDS, Entry, content_hash, entry_of, opens, sealed

HASH, ID = "ab" * 32, "cd" * 16
OF_FORM = {"id": ID, "hash": HASH, "word": "0.1.0", "number": 7}


def fields_of(kind: str) -> dict[str, object]:
    return {name: OF_FORM[form] for name, form in KINDS[kind].fields.items()}


def made(kind: str, content: object = b"", salt: bytes = bytes(32)) -> Entry:
    seal = sealed(content_hash(content), salt) if KINDS[kind].sealed else ""
    return Entry(kind=kind, at_s=1_800_000_000, fields=fields_of(kind), seal=seal)


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_one_way_to_write_an_entry(kind) -> None:
    entry = made(kind)
    assert entry_of(entry.bytes()) == entry
    for other in (b" " + entry.bytes(), entry.bytes() + b"\n", json.dumps(json.loads(entry.bytes())).encode()):
        with pytest.raises(BadLog):
            entry_of(other)


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_has_what_its_kind_names_and_no_more(kind) -> None:
    with pytest.raises(BadLog):
        Entry(kind=kind, at_s=1, fields=fields_of(kind) | {"actor": "hospital-north"}, seal=made(kind).seal)
    with pytest.raises(BadLog):
        Entry(kind=kind, at_s=1, fields=fields_of(kind), seal="" if KINDS[kind].sealed else HASH)
    for name in KINDS[kind].fields:
        with pytest.raises(BadLog):
            Entry(kind=kind, at_s=1, fields=fields_of(kind) | {name: "hospital north"}, seal=made(kind).seal)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.sealed])
def test_nothing_of_what_is_sealed_shows_and_two_that_are_alike_look_apart(kind) -> None:
    """A lead list of one of a thousand names is not found by trying them: each seal has a salt of its own."""
    names = [f"host-{number}.hospital.example" for number in range(1000)]
    entry = made(kind, names[7], salt=b"s" * 32)
    assert names[7].encode() not in entry.bytes()
    guesses = {content_hash(name) for name in names} | {sealed(content_hash(name), bytes(32)) for name in names}
    assert entry.seal not in guesses
    assert entry.seal != made(kind, names[7], salt=b"t" * 32).seal
    assert opens(entry, names[7], b"s" * 32)
    assert not opens(entry, names[8], b"s" * 32)
    assert not opens(entry, names[7], b"t" * 32)


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_holds_hashes_numbers_and_words_without_room_for_a_name(kind) -> None:
    """What can stand in an entry is of four forms; none has room for an address, a host or a person but a word, and the
    words are a tier, a turn, a version (below) and how a clock stands."""
    said = json.loads(made(kind).bytes())
    words = {name for name, form in KINDS[kind].fields.items() if form == "word"}
    assert words <= {"state", "tier", "to", "version"}
    for name, value in said.items():
        assert name in {"kind", *words} or isinstance(value, int) or re.fullmatch("[0-9a-f]{32,64}", value)
    assert KINDS[kind].says.say("en")
    assert KINDS[kind].leaks.say("en")


@given(st.binary(max_size=200))
def test_bytes_of_anybody_are_an_entry_or_refused(text) -> None:
    with suppress(BadLog):
        assert entry_of(text).bytes() == text


@pytest.mark.parametrize(
    "text", [b"{}", b"[]", b"null", b'{"v":1,"kind":"act","at":true}', b'{"v":1,"kind":[],"at":1}', b"1e999"]
)
def test_what_is_no_entry_is_refused(text) -> None:
    with pytest.raises(BadLog):
        entry_of(text)


def test_an_entry_of_another_form_or_kind_is_refused() -> None:
    right = made("act").bytes()
    with pytest.raises(BadLog):
        entry_of(right.replace(b'"v":1', b'"v":2'))
    with pytest.raises(BadLog, match="does not know"):
        entry_of(right.replace(b'"act"', b'"fact"'))
