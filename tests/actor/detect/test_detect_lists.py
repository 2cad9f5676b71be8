"""Fame: looked up by name and parents, never above the registered domain; the shipped lists load and know the world."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.detect.indicators.lists import Lists, Names, shipped
from bavn.model.intel.grades import Grade, Ranges
from bavn.model.record import address_uuid


def number(text: str) -> int:
    return address_uuid(text).int


def test_grades_and_names_and_ranges_of_lists() -> None:
    lists = Lists.of(popular=["example.com", "duckdns.org", "exact.sub.other.net"], known=["kendt.dk"])
    assert lists.name_grade("a.b.example.com") is Grade.POPULAR
    assert lists.name_grade("example.com") is Grade.POPULAR
    assert lists.name_grade("notexample.com") is Grade.UNKNOWN
    assert lists.name_grade("customer.duckdns.org") is Grade.UNKNOWN
    assert lists.name_grade("other.net") is Grade.UNKNOWN
    assert lists.name_grade("x.exact.sub.other.net") is Grade.POPULAR
    assert lists.name_grade("www.kendt.dk") is Grade.KNOWN
    assert Lists.of(known=["a.dk"], service=["a.dk"]).name_grade("a.dk") is Grade.SERVICE
    assert "sub.example.com" in Names([" .Sub.Example.com "])
    ranges = Ranges(["10.0.0.0/9", "10.64.0.0/10", "2001:db8::/32", "no network", "192.0.2.7"])
    assert all(number(text) in ranges for text in ("10.0.0.0", "10.127.255.255", "2001:db8::1", "192.0.2.7"))
    assert not any(number(text) in ranges for text in ("10.128.0.0", "9.255.255.255", "2001:db9::", "192.0.2.8"))


@given(
    st.lists(st.from_regex(r"[a-z]{1,6}\.[a-z]{2}", fullmatch=True), max_size=30),
    st.from_regex(r"[a-z]{1,6}\.[a-z]{2}", fullmatch=True),
)
@settings(max_examples=100)
def test_names_are_a_set(names, asked) -> None:
    assert (asked in Names(names)) == (asked in names)


@pytest.mark.slow
def test_the_shipped_lists_know_the_world() -> None:
    lists = shipped()
    assert lists.name_grade("update.microsoft.com") is Grade.SERVICE
    assert lists.name_grade("avqs.mcafee.com") >= Grade.POPULAR
    assert lists.name_grade("zen.spamhaus.org") >= Grade.POPULAR
    assert lists.name_grade("customer.duckdns.org") is Grade.UNKNOWN
    assert lists.name_grade("kvistsav-er-ukendt.net") is Grade.UNKNOWN
    assert lists.address_grade(number("8.8.8.8")) >= Grade.POPULAR
    assert lists.address_grade(number("17.1.2.3")) is Grade.SERVICE
    assert lists.is_edge(number("104.16.0.1"))
    assert not lists.is_edge(number("45.9.148.20"))
    assert shipped() is lists
