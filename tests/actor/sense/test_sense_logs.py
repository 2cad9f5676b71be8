"""Each format's lines become the records that they mean; every line has one outcome; whatever else stands there."""

import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.formats.lines import Segment, line_column
from bavn.actor.sense.logs.files import split
from bavn.actor.sense.logs.records import AUTO, FORMATS, LogParser, received
from bavn.model.record import address_text

LINES = tomllib.loads((Path(__file__).parent / "log_lines.toml").read_text())
GOOD = {form: lines["good"] for form, lines in LINES.items()}
PASSED = {form: lines.get("passed", []) for form, lines in LINES.items()}
ASKED_US = 1_795_566_859_000_000
"""2026-11-25 00:34:19 UTC."""
PAIRS = [(form, line) for form, lines in GOOD.items() for line in lines]


@pytest.fixture
def read(engine):
    """Lines -> Parsed, a fresh source each, as received at 2026-11-25 00:34:19 UTC."""
    made = iter(range(1_000_000))
    name = f"s{id(made)}"

    def run(*lines, form=AUTO, zone="UTC", us=ASKED_US, live=False, source=None):
        raw = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
        parser = LogParser(engine, "s1", source or f"{name}-{next(made)}", form=form, zone=zone, live=live)
        return parser.parse(received(line_column(Segment("f.log", 1, raw)), us))

    return run


def rows(parsed, record):
    found = parsed.tables[record].to_pylist() if record in parsed.tables else []
    for row in found:
        row |= {k: address_text(v) for k, v in row.items() if k in ("src", "dst", "assigned") and v is not None}
    return found


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "line"), PAIRS)
def test_a_good_line_is_a_row_whether_its_format_is_named_or_found(read, form, line) -> None:
    for named in (form, AUTO):
        parsed = read(line, form=named, live=True)
        assert (parsed.lines, parsed.passed, parsed.refused) == (1, 0, 0), parsed.refusals
        assert sum(table.num_rows for table in parsed.tables.values()) == 1 + parsed.extra


@pytest.mark.parametrize(("form", "line"), [(form, line) for form, lines in PASSED.items() for line in lines])
def test_a_line_of_a_known_program_without_a_record_passes(read, form, line) -> None:
    parsed = read(line, live=True)
    assert (parsed.passed, parsed.refused, dict(parsed.tables)) == (1, 0, {})


def test_every_format_is_known_here_by_its_name_and_a_path_may_follow_it() -> None:
    assert set(GOOD) == set(FORMATS)
    assert split("squid:/var/log/squid/access.log") == ("squid", "/var/log/squid/access.log")
    assert split("/var/log/x.log") == (AUTO, "/var/log/x.log")
    assert split("C:odd/name") == (AUTO, "C:odd/name")


def test_lines_of_no_known_program_are_refused_and_names_that_look_like_one_stay(read) -> None:
    parsed = read("Nov 25 00:34:19 srv sshd[1]: Accepted publickey", "garbage", "", "\x01\x02")
    assert [(r.line, r.why.en) for r in parsed.refusals] == [
        (1, "of no known program: sshd"),
        (2, "of no known program"),
        (4, "of no known program"),
    ]
    assert parsed.passed == 1
    line = GOOD["combined"][0].replace(
        "Moz (X)", "unbound[1:0] info: 10.9.9.9 evil.dk. A IN SRC= IN= OUT= %ASA-6-302014:"
    )
    parsed = read(line)
    assert set(parsed.tables) == {"http"}


def test_dns_servers_name_who_asked_what_and_what_was_answered(read) -> None:
    asked, answered, nx, blocked, rpz = rows(read(*GOOD["unbound"]), "dns")
    assert (asked["rrname"], asked["rrtype"], asked["answered"], asked["rcode"]) == ("example.com", "A", False, None)
    assert (asked["src"], asked["dst"], asked["proto"]) == ("10.0.0.5", "::", None)
    assert (answered["rcode"], answered["answers"]) == ("NOERROR", None)
    assert (nx["src"], nx["rrtype"], nx["rcode"]) == ("2001:db8::1", "HTTPS", "NXDOMAIN")
    assert [(row["src_port"], row["rcode"]) for row in (blocked, rpz)] == [(4321, "NXDOMAIN")] * 2
    assert asked["ts"] == answered["ts"] == moment("2026-11-25T00:34:19")
    first, second, third = rows(read(*GOOD["bind"]), "dns")
    assert (first["src"], first["src_port"], first["dst"], first["proto"]) == ("10.0.0.5", 53124, "10.0.0.53", "udp")
    assert (second["dst"], second["proto"]) == ("2001:db8::53", "tcp")
    assert (third["rrname"], third["rcode"], third["answered"]) == ("evil.com", "NXDOMAIN", True)
    found = rows(read(*GOOD["windns"]), "dns")
    assert [row["rrname"] for row in found] == ["www.x.dk", "www.x.dk", "x.dk", "www.x.dk", "www.x.dk"]
    assert [(row["src"], row["proto"]) for row in found[:3:2]] == [("10.0.0.5", "udp"), ("2001:db8::5", "tcp")]
    assert [(row["answered"], row["rcode"]) for row in found[:2]] == [(False, None), (True, "NXDOMAIN")]
    assert {row["ts"] for row in found} == {moment("2026-11-25T00:34:19")}
    (local,) = rows(read(GOOD["windns"][0], zone="Europe/Copenhagen"), "dns")
    assert local["ts"] == moment("2026-11-24T23:34:19")


def test_dnsmasq_s_answers_are_folded_and_given_to_who_asked_also_in_a_later_part(read) -> None:
    said = "Nov 25 00:34:19 dnsmasq[1]: "
    lines = [
        "query[A] www.x.dk from 10.0.0.5",
        "forwarded www.x.dk to 1.1.1.1",
        "reply www.x.dk is <CNAME>",
        "reply real.x.dk is 192.0.2.1",
        "reply real.x.dk is 192.0.2.2",
        "query[A] nx.x.dk from 10.0.0.6",
        "cached nx.x.dk is NXDOMAIN",
    ]
    parsed = read(*(said + line for line in lines))
    found = [(r["src"], r["rrname"], r["rcode"], r["answers"]) for r in rows(parsed, "dns")]
    assert found == [
        ("10.0.0.5", "www.x.dk", None, None),
        ("10.0.0.5", "www.x.dk", "NOERROR", ["192.0.2.1", "192.0.2.2"]),
        ("10.0.0.6", "nx.x.dk", None, None),
        ("10.0.0.6", "nx.x.dk", "NXDOMAIN", []),
    ]
    assert parsed.passed == 3
    read("Nov 25 00:34:19 dnsmasq[1]: 7 10.0.0.7/5555 query[A] e.x.dk from 10.0.0.7", source="one")
    later = "Nov 25 00:34:20 dnsmasq[1]: 7 10.0.0.7/5555 reply e.x.dk is 192.0.2.9"
    assert rows(read(later, source="other"), "dns") == []
    (row,) = rows(read(later, source="one"), "dns")
    assert (row["src"], row["src_port"], row["answers"]) == ("10.0.0.7", 5555, ["192.0.2.9"])


def test_a_proxy_s_line_is_a_name_and_a_lease_an_address_with_its_hardware(read) -> None:
    parsed = read(*GOOD["squid"])
    (http,), tls, flows = rows(parsed, "http"), rows(parsed, "tls"), rows(parsed, "flow")
    assert (http["host"], http["url"], http["dst"], http["dst_port"]) == ("www.x.dk", "/a?b=1", "203.0.113.5", 8080)
    assert [(row["sni"], row["dst"]) for row in tls] == [("evil.com", "203.0.113.6"), ("evil.com", "::")]
    assert [(row["bytes_toserver"], row["bytes_toclient"]) for row in flows] == [(None, 12345), (99999, 12345)]
    assert flows[1]["ts"] == moment("2026-11-25T00:33:18.667")
    assert flows[1]["ts_end"] == moment("2026-11-25T00:34:19.123")
    assert (parsed.lines, parsed.extra) == (3, 2)
    combined = read(*GOOD["combined"])
    first = rows(combined, "http")[0]
    assert (first["ts"], first["user_agent"], first["status"]) == (moment("2026-11-24T23:34:19"), "Moz (X)", 200)
    assert rows(combined, "flow")[0]["bytes_toserver"] == 700
    found = rows(read(*GOOD["dhcp"]), "dhcp")
    assert [(row["assigned"], row["mac"][-2:], row["hostname"]) for row in found] == [
        ("10.0.0.77", "ff", "pc77"),
        ("10.0.0.78", "01", "pc78"),
        ("10.0.0.79", "02", None),
    ]


def test_firewalls_and_leases_tell_bytes_failures_and_hosts(read) -> None:
    blocked, out = rows(read(*GOOD["netfilter"]), "flow")
    assert (blocked["src"], blocked["dst_port"], blocked["failed"], blocked["bytes_toserver"]) == (
        "203.0.113.9",
        23,
        True,
        40,
    )
    assert (out["proto"], out["icmp_type"], out["failed"]) == ("icmp", 8, None)
    blocked, passed = rows(read(*GOOD["filterlog"]), "flow")
    assert (blocked["dst_port"], blocked["failed"]) == (22, True)
    assert (passed["src"], passed["dst_port"], passed["failed"]) == ("2001:db8::1", 53, None)
    assert blocked["community_id"].startswith("1:")
    closed, denied = rows(read(*GOOD["fortigate"]), "flow")
    assert (closed["bytes_toserver"], closed["bytes_toclient"], closed["pkts_toclient"]) == (5000, 60000, 50)
    assert (closed["ts"], closed["ts_end"]) == (moment("2026-11-25T00:33:18"), moment("2026-11-25T00:34:19"))
    assert (denied["failed"], denied["ts"]) == (True, moment("2026-11-24T23:34:19"))
    (session,) = rows(read(*GOOD["paloalto"], zone="Europe/Copenhagen"), "flow")
    assert (session["ts"], session["ts_end"]) == (moment("2026-11-24T23:33:00"), moment("2026-11-24T23:34:01"))
    assert (session["bytes_toserver"], session["app_proto"], session["failed"]) == (5000, "tls", False)
    (event,) = rows(read(*GOOD["cef"]), "flow")
    assert (event["failed"], event["bytes_toserver"], event["dst_port"]) == (True, 60, 23)


def test_asa_s_connections_are_turned_and_only_denials_have_failed(read) -> None:
    end = "fw1 %ASA-6-302014: Teardown TCP connection 9 for outside:203.0.113.80/{} to inside:10.0.0.5/{}"
    end += " duration 0:01:00"
    built = "fw1 %ASA-6-302013: Built {} TCP connection 9 for outside:203.0.113.80/1 (192.0.2.4/1) to"
    built += " inside:10.0.0.5/2 (192.0.2.1/2)"
    head = "Nov 25 00:35:19 "

    def opener(*lines):
        (row,) = rows(read(*lines), "flow")
        return row["src"], row["ts"], row["bytes_toserver"], row["failed"]

    last = head + end.format(50000, 50001) + " bytes 12 TCP FINs"
    began = moment("2026-11-25T00:34:19")
    assert opener(head + built.format("inbound"), last) == ("203.0.113.80", began, None, False)
    assert opener(head + built.format("outbound"), last) == ("10.0.0.5", began, None, False)
    assert opener(head + end.format(443, 50001) + " bytes 12 TCP FINs")[0] == "10.0.0.5"
    assert opener(head + end.format(50000, 443) + " bytes 12 TCP FINs")[0] == "203.0.113.80"
    assert opener(head + end.format(443, 50001) + " bytes 0 SYN Timeout")[3] is True
    found = rows(read(*GOOD["asa"]), "flow")
    assert [row["failed"] for row in found] == [False, None, None, True, True, True, True, True, True, None, True, True]
    assert {row["dst"] for row in found[3:-1]} == {"10.0.0.5"}
    assert found[-1]["dst"] == "198.51.100.1"


@pytest.mark.parametrize(
    ("stamp", "received_at", "zone", "meant"),
    [
        ("Nov 25 00:34:19", "2026-11-25T00:34:20+00:00", "UTC", "2026-11-25T00:34:19"),
        ("Nov 25 00:34:19", "2026-11-25T00:34:20+00:00", "Europe/Copenhagen", "2026-11-24T23:34:19"),
        ("Jul  5 00:34:19", "2026-11-25T00:34:20+00:00", "Europe/Copenhagen", "2026-07-04T22:34:19"),
        ("Dec 31 23:59:59", "2027-01-01T00:00:01+00:00", "UTC", "2026-12-31T23:59:59"),
        ("Jan  1 00:00:01", "2026-12-31T23:59:59+00:00", "UTC", "2027-01-01T00:00:01"),
        ("Nov 27 00:34:19", "2026-11-25T00:34:20+00:00", "UTC", "2025-11-27T00:34:19"),
        ("Feb 29 12:00:00", "2026-11-25T00:34:20+00:00", "UTC", "2024-02-29T12:00:00"),
        ("Feb 29 12:00:00", "2028-03-01T00:00:00+00:00", "UTC", "2028-02-29T12:00:00"),
        ("2026-11-25T00:34:19.5+02:00", "2030-01-01T00:00:00+00:00", "UTC", "2026-11-24T22:34:19.500000"),
        ("2026-11-25 00:34:19,250", "2030-01-01T00:00:00+00:00", "UTC", "2026-11-25T00:34:19.250000"),
        ("Nov 25 2019 00:34:19", "2030-01-01T00:00:00+00:00", "UTC", "2019-11-25T00:34:19"),
        ("[1795566859]", "2030-01-01T00:00:00+00:00", "Asia/Tokyo", "2026-11-25T00:34:19"),
    ],
)
def test_a_stamp_means_one_moment(read, stamp, received_at, zone, meant) -> None:
    us = int(datetime.fromisoformat(received_at).timestamp() * 1_000_000)
    parsed = read(f"{stamp} dnsmasq[1]: query[A] x.dk from 10.0.0.1", zone=zone, us=us)
    assert parsed.tables["dns"]["ts"].to_pylist() == [moment(meant)], parsed.refusals


def test_rfc_5424_is_read_and_a_line_without_a_moment_has_that_of_its_receipt_or_is_refused(read) -> None:
    line = '<30>1 2026-11-25T00:34:19.5+01:00 gw dnsmasq 12 - [a@1 b="c\\]\\" x"][d] \ufeffquery[A] y.dk from 10.0.0.1'
    (row,) = rows(read(line), "dns")
    assert (row["rrname"], row["ts"]) == ("y.dk", moment("2026-11-24T23:34:19.500000"))
    line = "<30>dnsmasq[1]: query[A] y.dk from 10.0.0.1"
    assert read(line, live=True).tables["dns"]["ts"].to_pylist() == [moment("2026-11-25T00:34:19")]
    assert [r.why.en for r in read(line).refusals] == ["no time"]
    bad = "Xyz 99 00:34:19 dnsmasq[1]: query[A] y.dk from 10.0.0.1"
    assert [r.why.en for r in read(bad).refusals] == ["no time"]


@pytest.mark.parametrize("between", ["  ", " \ufeff", "  \ufeff ", "   "])
def test_rfc_5424_as_rsyslog_sends_it_has_a_space_of_its_own(read, between) -> None:
    line = f"<30>1 2026-11-25T00:34:19.5+01:00 gw dnsmasq 12 - -{between}query[A] y.dk from 10.0.0.1"
    (row,) = rows(read(line), "dns")
    assert row["rrname"] == "y.dk"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1795566859] unbound[1:0] info: 10.0.0.555 x.dk. A IN", "address: 10.0.0.555"),
        ("Nov 25 00:34:19 dnsmasq[1]: query[A] y.dk from 10.0.0.1.2", "address: 10.0.0.1.2"),
        (GOOD["squid"][0].replace("10.0.0.5", "pc5.x.dk"), "address: pc5.x.dk"),
        (GOOD["netfilter"][0].replace("SPT=43210", "SPT=99999"), "port: 99999"),
        (GOOD["filterlog"][0].replace("203.0.113.9", "here"), "address: here"),
        (GOOD["asa"][3].replace("203.0.113.9", "203.0.113.900"), "address: 203.0.113.900"),
        (GOOD["fortigate"][0].replace("proto=6", "proto="), "proto: missing"),
        (GOOD["paloalto"][0].replace("10.0.0.5", ""), "address: "),
    ],
)
def test_a_broken_line_is_refused_with_its_reason(read, line, reason) -> None:
    parsed = read(line)
    (refusal,) = parsed.refusals
    assert refusal.why.en.startswith(reason)


@st.composite
def warped(draw):
    """A good line with some bytes changed, dropped or put in."""
    _, line = draw(st.sampled_from(PAIRS))
    raw = bytearray(line.encode())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(raw) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                raw[at] = draw(st.integers(0, 255))
            case 1:
                del raw[at : at + draw(st.integers(1, 20))]
            case 2:
                raw[at:at] = draw(st.binary(max_size=6))
            case _:
                raw[at:at] = draw(
                    st.sampled_from([b" 99999999999999999999 ", b"9" * 30, b"\xff", b"'", b'"', b"%", b"\\"])
                )
        if not raw:
            break
    return bytes(raw).replace(b"\n", b" ")


lines = st.lists(
    st.one_of(warped(), st.binary(max_size=60).map(lambda b: b.replace(b"\n", b" "))), min_size=1, max_size=20
)


@pytest.mark.slow
@given(lines)
@settings(max_examples=60)
def test_whatever_the_lines_hold_each_has_one_outcome(engine, raw) -> None:
    segment = Segment("f", 1, b"".join(line + b"\n" for line in raw))
    parsed = LogParser(engine, "s", "fuzz", live=True).parse(received(line_column(segment), ASKED_US))
    batch = parsed.batch("fuzz", "m")
    assert batch.lines == len(raw)
    assert len({refusal.line for refusal in batch.refusals}) == batch.refused
    assert all(refusal.why.en for refusal in batch.refusals)


@given(st.sampled_from(sorted(FORMATS)), lines)
@settings(max_examples=60)
def test_also_where_every_line_is_said_to_be_of_one_format(engine, form, raw) -> None:
    segment = Segment("f", 1, b"".join(line + b"\n" for line in raw))
    parsed = LogParser(engine, "s", "fuzz", form=form, live=True).parse(received(line_column(segment), ASKED_US))
    assert parsed.batch("fuzz", "m").lines == len(raw)
