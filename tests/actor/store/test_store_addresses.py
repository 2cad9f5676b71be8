"""Addresses as a person writes and reads them, in SQL."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.store.query.address_macros import ADDRESS_MACROS, HELPERS
from bavn.model.ports import QueryRefused
from bavn.model.record import address_text, address_uuid, range_uuids

GROUPS = st.lists(st.one_of(st.just(0), st.integers(0, 0xFFFF)), min_size=8, max_size=8)
ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n))),
    GROUPS.map(lambda gs: str(IPv6Address(int("".join(f"{g:04x}" for g in gs), 16)))),
)


@pytest.fixture(scope="module")
def engine():
    connection = duckdb.connect()
    connection.execute(ADDRESS_MACROS)
    return connection


@pytest.mark.slow
@given(ADDRESSES)
def test_a_text_becomes_what_is_stored_and_back(engine, text) -> None:
    stored, back = engine.execute("SELECT addr($1), addr_text(addr($1))", [text]).fetchone()
    assert stored == address_uuid(text)
    assert back == address_text(address_uuid(text))


@given(ADDRESSES, ADDRESSES, st.integers(0, 128))
def test_a_network_holds_what_it_should(engine, base, other, bits) -> None:
    bits = min(bits, ip_address(base).max_prefixlen)
    low, high = range_uuids(f"{base}/{bits}")
    (held,) = engine.execute("SELECT in_net(addr($1), $2)", [other, f"{base}/{bits}"]).fetchone()
    assert held == (low <= address_uuid(other) <= high)


@given(st.one_of(st.text(max_size=50), st.from_regex(r"[0-9a-f:.]{0,40}", fullmatch=True)))
def test_any_text_is_an_address_or_null(engine, text) -> None:
    (stored,) = engine.execute("SELECT try_addr($1)", [text]).fetchone()
    if stored is not None:
        assert engine.execute("SELECT addr_text($1)", [stored]).fetchone()[0] == address_text(stored)


def test_helpers_are_there_and_what_is_no_address_is_refused(store, hour0) -> None:
    window = store.window(0, (hour0 + 1) * 3_600_000_000)
    for name in HELPERS:
        given_ = name.replace("(a", "(addr('10.1.2.3')").replace("(text)", "('10.1.2.3')").replace("(hour)", "(0)")
        assert window.rows(f"SELECT {given_}")[0][0] is not None
    with pytest.raises(QueryRefused, match=r"10\.0\.0 is no address"):
        store.window(0, 1).rows("SELECT addr('10.0.0')")
    with pytest.raises(QueryRefused, match="is no network"):
        store.window(0, 1).rows("SELECT in_net(addr('10.0.0.1'), '10.0.0.0/33')")
    window = store.window(0, 1)
    found, more = window.first("SELECT unnest(range(10)) AS n", rows_max=4)
    assert (found["n"].to_pylist(), more) == ([0, 1, 2, 3], True)
    found, more = window.first("SELECT unnest(range(4)) AS n", rows_max=4)
    assert (found.num_rows, more) == (4, False)
    with pytest.raises(QueryRefused, match="bytes"):
        window.first("SELECT repeat('x', 100000) FROM range(100)", rows_max=1000, bytes_max=1_000_000)
