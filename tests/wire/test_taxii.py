"""TAXII's text: every query is read or refused with a reason, bodies are bounded, pages lose and repeat nothing."""

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.wire.book import Book
from bavn.wire.partners.collection import Collections
from bavn.wire.partners.taxii import Wanted, collection_id, moment_us, objects_of, read_json, wanted

KNOWN = ("limit", "next", "added_after", "match[id]", "match[type]", "match[version]", "match[spec_version]")


@given(st.lists(st.tuples(st.sampled_from(KNOWN) | st.text(max_size=12), st.text(max_size=40)), max_size=8))
def test_whatever_is_asked_is_read_or_refused(query) -> None:
    asked = wanted(query, 100)
    if isinstance(asked, Wanted):
        assert 1 <= asked.limit <= 100
        assert asked.picks or asked.versions_us
    else:
        assert asked.reason


@pytest.mark.parametrize(
    ("text", "limit", "after_us"),
    [
        ("limit=5", 5, -1),
        ("limit=500", 100, -1),
        ("", 100, -1),
        ("next=17", 100, 17),
        ("added_after=1970-01-01T00:00:00.000009Z&next=4", 100, 9),
        ("added_after=1970-01-01T00:00:01Z", 100, 1_000_000),
    ],
)
def test_bounds_are_read(text, limit, after_us) -> None:
    asked = wanted(parse_qsl(text), 100)
    assert isinstance(asked, Wanted)
    assert (asked.limit, asked.after_us) == (limit, after_us)


def test_twice_named_and_endless_queries_are_refused_and_ids_stay() -> None:
    assert isinstance(wanted([("limit", "1"), ("limit", "2")], 100), Refused)
    assert isinstance(wanted([("match[type]", ",".join(["indicator"] * 201))], 100), Refused)
    assert isinstance(wanted([("colour", "x" * 20_000)], 100), Refused)
    made = collection_id("test", "released")
    assert made == collection_id("test", "released") != collection_id("other", "released")
    assert made[14] == "4"


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00.1234567Z", 123_456),
        ("1970-02-30T00:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("1970-01-01 00:00:00Z", None),
        ("1970-01-01T00:00:00+00:00", None),
        ("9999-12-31T23:59:59Z", None),
        (7, None),
        ("１970-01-01T00:00:00Z", None),
    ],
)
def test_moments(text, us) -> None:
    assert moment_us(text) == us


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"{", "not_json"),
        (b"\xff", "not_json"),
        (b'{"objects": [NaN]}', "not_json"),
        (b'{"objects": [1e999]}', "not_json"),
        (b'{"objects": [' + b"9" * 30 + b"]}", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "envelope"),
        (b'{"objects": {}}', "envelope"),
        (b"{}", "envelope"),
        (b'{"objects": []}', "envelope"),
        (b'{"objects": [' + b"1," * 5000 + b"1]}", "envelope"),
        (b" " * 200_001, "oversize"),
    ],
)
def test_a_body_that_is_no_envelope_says_why(raw, rule) -> None:
    found = objects_of(raw, 200_000)
    assert isinstance(found, Refused)
    assert found.rule == rule


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789e+-. \\u', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(raw) -> None:
    found = read_json(raw, 1000)
    if not isinstance(found, Refused):
        json.dumps(found, allow_nan=False)


class Model:
    """What a shelf must do, as plainly as can be: a list."""

    def __init__(self):
        self.rows = []

    def add(self, id_, version_us):
        if (id_, version_us) not in [(row[1], row[2]) for row in self.rows]:
            self.rows.append((len(self.rows), id_, version_us))

    def picks(self, picks):
        for _, id_, version_us in self.rows:
            mine = [row[2] for row in self.rows if row[1] == id_]
            first, last = version_us == min(mine), version_us == max(mine)
            if "all" in picks or ("first" in picks and first) or ("last" in picks and last):
                yield id_, version_us


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4), st.integers(0, 3)), max_size=30),
    st.integers(1, 5),
    st.sets(st.sampled_from(["first", "last", "all"]), min_size=1),
)
def test_a_shelf_gives_what_a_plain_list_would_page_by_page(added, limit, picks) -> None:
    with Book() as book:
        shelves, model, now_us = Collections(book), Model(), 1000
        for id_, version_us, later_us in added:
            now_us += later_us
            shelves.add(
                "s", now_us, id_=id_, version_us=version_us, type_="t", kind="k", facts="", body="{}", until_us=None
            )
            shelves.add(
                "another",
                now_us,
                id_=id_,
                version_us=version_us,
                type_="t",
                kind="k",
                facts="",
                body="{}",
                until_us=None,
            )
            model.add(id_, version_us)
        assert shelves.size("s") == (len(model.rows), 2 * len(model.rows))
        seen, after_us, more = [], -1, True
        while more:
            page = shelves.page("s", Wanted(limit=limit, after_us=after_us, picks=frozenset(picks)))
            seen += [(entry.id, entry.version_us) for entry in page.entries]
            places = [entry.added_us for entry in page.entries]
            assert places == sorted(set(places))
            assert page.more == (len(seen) < len(list(model.picks(picks))))
            assert not page.more or len(page.entries) == limit
            more, after_us = page.more, places[-1] if places else after_us
        assert seen == list(model.picks(picks))


def test_a_clock_that_goes_back_gives_no_place_twice_and_none_before() -> None:
    with Book() as book:
        shelves = Collections(book)
        common = {"type_": "t", "kind": "k", "facts": "", "body": "{}", "until_us": None}
        places = [
            shelves.add("s", now_us, id_=str(n), version_us=1, **common) for n, now_us in enumerate((9, 9, 3, 20))
        ]
        assert places == [9, 10, 11, 20]
        shelves.remove("s", shelves.page("s", Wanted(limit=9)).entries)
        assert shelves.add("s", 4, id_="z", version_us=1, **common) == 21
