"""The texts of logs against Python's own reading of them."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import communityid
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bavn.model.record import address_uuid


@pytest.fixture(scope="module")
def ask(engine):
    return lambda sql, **values: engine.rows(f"SELECT {sql}", values)[0][0]


@pytest.fixture(scope="module")
def ask_all(engine):
    """An expression over many rows at once, each a dictionary."""

    def run(sql, rows, source="sample"):
        engine.lend("sample", pa.Table.from_pylist([{"row": at, **row} for at, row in enumerate(rows)]))
        try:
            return [value for (value,) in engine.rows(f"SELECT {sql} FROM {source} ORDER BY row")]
        finally:
            engine.take_back("sample")

    return run


def wanted(text):
    try:
        return None if "%" in text else address_uuid(text)
    except ValueError:
        return None


addresses = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda a: a.exploded),
    st.integers(0, 2**32 - 1).map(lambda n: f"::ffff:{IPv4Address(n)}"),
    st.lists(st.sampled_from(["0", "1", "ffff", "abcd", "", ":", "::", "1.2.3.4", "g"]), max_size=10).map(":".join),
    st.text("0123456789.:abf%", max_size=20),
)


@given(st.lists(addresses, min_size=1, max_size=40))
@example(["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "01.2.3.4", "1::2::3"])
@settings(max_examples=40)
def test_addresses_are_read_as_python_reads_them(ask_all, texts):
    assert ask_all("address_of(x)", [{"x": text} for text in texts]) == [wanted(text) for text in texts]


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
@settings(max_examples=100)
def test_moments_become_utc(ask, local, minutes):
    sign, ahead = ("-" if minutes < 0 else "+"), abs(minutes)
    text = f"{local.isoformat(timespec='microseconds')}{sign}{ahead // 60:02}{ahead % 60:02}"
    right = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    assert ask("moment_of($x::VARCHAR)", x=text) == (right if right.year >= 1970 else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "epoch",
        "now",
        "infinity",
        "2026-11-24",
        "2026-11-24T17:00:00",
        "2026-13-24T17:00:00Z",
        "1969-12-31T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "2026-11-24T25:00:00+0000",
        "2026-11-24T17:00:00 Europe/Copenhagen",
        "17",
    ],
)
def test_what_is_no_moment_is_none(ask, text):
    assert ask("moment_of($x::VARCHAR)", x=text) is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("1713484800.441203", datetime(2024, 4, 19, 0, 0, 0, 441203)),  # noqa: DTZ001
        ("22.335172", datetime(1970, 1, 1, 0, 0, 22, 335172)),  # noqa: DTZ001
        ("0.09628199999999865", datetime(1970, 1, 1, 0, 0, 0, 96282)),  # noqa: DTZ001
        ("2024-04-19T00:00:00.5Z", datetime(2024, 4, 19, 0, 0, 0, 500000)),  # noqa: DTZ001
        ("nan", None),
        ("-1", None),
        ("1e9", None),
        ("999999999999", None),
        ("99999999999999999999", None),
    ],
)
def test_epochs_are_exact(ask, text, right):
    assert ask("epoch_of($x::VARCHAR)", x=text) == right


@pytest.mark.parametrize(
    ("sql", "right"),
    [
        ("port_of('65535')", 65535),
        ("port_of('65536')", None),
        ("port_of('-1')", None),
        ("port_of('5.7')", None),
        ("port_of(' 80')", None),
        ("count_of('18446744073709551615')", 2**64 - 1),
        ("count_of('18446744073709551616')", None),
        ("count_of('1e3')", None),
        ("flags_of('1b')", 27),
        ("flags_of('100')", None),
        ("proto_of('TCP')", "tcp"),
        ("proto_of('IPv6-ICMP')", "ipv6-icmp"),
        ("proto_of('ESP')", "50"),
        ("proto_of('002')", "2"),
        ("proto_of('999')", None),
        ("proto_of('')", None),
        ("host_of('Example.DK:8080')", "example.dk"),
        ("host_of('example.dk.')", "example.dk"),
        ("host_of('[2001:DB8::1]:80')", "2001:db8::1"),
        ("host_of('2001:db8::1')", "2001:db8::1"),
        ("name_of('.')", ""),
        ("shown('a' || chr(10) || chr(0) || 'æ')", "a???"),
        ("nowhere(address_of('0.0.0.0'))", None),
        ("nowhere(address_of('::'))", None),
        ("is_many(address_of('239.255.255.250'))", True),
        ("is_many(address_of('ff02::1'))", True),
        ("is_many(address_of('192.0.2.1'))", False),
        ("is_many(address_of('2001:db8::1'))", False),
    ],
)
def test_small_texts(ask, sql, right):
    assert ask(sql) == right


_NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "ipv6-icmp": 58, "2": 2, "47": 47, "50": 50}
_COMMUNITY = "community_of(src, dst, proto, one, two, kind, code)"
_STORED = "(SELECT *, address_of(a) AS src, address_of(b) AS dst FROM sample)"
_PORT = st.integers(0, 65535)
_ICMP = st.one_of(st.integers(0, 20), st.integers(126, 150), st.integers(0, 255))


@st.composite
def flows(draw):
    """Addresses of one family (a v4-mapped one is v4 in a record, so it is left out) and what the protocol has."""
    version = draw(st.sampled_from([4, 6]))
    one = st.ip_addresses(v=version).filter(lambda a: not isinstance(a, IPv6Address) or a.ipv4_mapped is None)
    proto = draw(st.sampled_from(["tcp", "udp", "sctp", "icmp" if version == 4 else "ipv6-icmp", "2", "47", "50"]))
    icmp = "icmp" in proto
    ports = (0, 0) if icmp or proto.isdigit() else (draw(_PORT), draw(_PORT))
    kind, code = (draw(_ICMP), draw(st.integers(0, 15))) if icmp else (None, None)
    a = str(draw(one))
    b = a if draw(st.integers(0, 9)) == 0 else str(draw(one))
    return {"a": a, "b": b, "proto": proto, "one": ports[0], "two": ports[1], "kind": kind, "code": code}


def specified(flow):
    ends = (flow["kind"], flow["code"]) if flow["kind"] is not None else (flow["one"], flow["two"])
    ends = () if flow["proto"].isdigit() else ends
    return communityid.CommunityID().calc(communityid.FlowTuple(_NUMBERS[flow["proto"]], flow["a"], flow["b"], *ends))


_PING = {"a": "10.0.0.2", "b": "10.0.0.1", "proto": "icmp", "one": 0, "two": 0, "kind": 8, "code": 0}


@given(st.lists(flows(), min_size=1, max_size=20))
@example([_PING, {**_PING, "kind": 0}, {**_PING, "kind": 3, "code": 1}])
@settings(max_examples=20)
def test_community_id_is_the_specification_s(ask_all, flows):
    assert ask_all(_COMMUNITY, flows, _STORED) == [specified(flow) for flow in flows]


def test_both_directions_have_one_community_id_and_a_protocol_without_number_none(ask_all):
    there = {"a": "10.0.0.1", "b": "192.0.2.1", "proto": "tcp", "one": 40000, "two": 443, "kind": None, "code": None}
    back = {**there, "a": there["b"], "b": there["a"], "one": 443, "two": 40000}
    assert len(set(ask_all(_COMMUNITY, [there, back], _STORED))) == 1
    assert ask_all(_COMMUNITY, [{**_PING, "proto": "nonesuch"}, _PING], _STORED)[0] is None
