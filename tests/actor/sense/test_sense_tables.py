"""Tables and documents of flow tools, search engines and web servers: the flows and requests that they tell."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_zeek import CONN, tsv

from bavn.actor.sense.documents import tables
from bavn.actor.sense.documents.flows import flow_of, has_flow, paired
from bavn.actor.sense.documents.moments import moment_us
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.recognise import recognise
from bavn.model.record import address_text

AT_US = 1_795_539_600_123_000
"""2026-11-24 17:00:00.123 UTC."""


@pytest.fixture
def opened(tmp_path, engine):
    """The text of a file -> rows by table, addresses as text, and (lines, passed, refused)."""

    def run(text, name="x.csv", zone="UTC"):
        path = tmp_path / name
        path.write_text(text)
        tables_, counts = {}, [0, 0, 0]
        for batch in open_path(path, sensor="a", work=tmp_path / "w", homes=("10.0.0.0/8",), engine=engine, zone=zone):
            for record, table in batch.tables.items():
                for row in table.to_pylist():
                    row |= {end: address_text(row[end]) for end in ("src", "dst")}
                    tables_.setdefault(record, []).append(row)
            for at, count in enumerate((batch.lines, batch.passed, batch.refused)):
                counts[at] += count
        return tables_, tuple(counts)

    return run


def table(*rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def us(moment):
    return round(moment.timestamp() * 1e6) if moment.tzinfo else moment_us(moment.isoformat())


ENDS = ("10.0.0.5", 40000, "192.0.2.7", 443, "tcp")
NFDUMP = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt"
BOTH = "2026-11-24 17:00:00.123,2026-11-24 17:00:05.123,5.0,10.0.0.5,192.0.2.7,40000,443,TCP,...AP.SF,0,0,5,500,4,600"
SUM = "Summary\nflows,bytes,packets\n1,500,5\n"
VPC = "version account-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
FIREFOX = '"Mozilla/5.0 (X11)"'

BOTH_WAYS = {
    "nfdump": f"{NFDUMP}\n{BOTH}\n{SUM}",
    "argus by its clients' names": table(
        ["stime", "ltime", "proto", "saddr", "sport", "daddr", "dport", "spkts", "dpkts", "sbytes", "dbytes"],
        ["1795539600.123", "1795539605.123", "tcp", "10.0.0.5", "40000", "192.0.2.7", "443", 5, 4, 500, 600],
    ),
    "a firewall's console": table(
        [
            *(
                "Receive Time",
                "Source address",
                "Destination address",
                "Source Port",
                "Destination Port",
                "IP Protocol",
            ),
            *(
                "Start Time",
                "Elapsed Time (sec)",
                "Bytes",
                "Bytes Sent",
                "Bytes Received",
                "pkts_sent",
                "pkts_received",
            ),
        ],
        [
            *("2026/11/24 17:00:06", "10.0.0.5", "192.0.2.7", 40000, 443, "tcp", "2026/11/24 17:00:00.123", 5),
            *("1,100", 500, 600, 5, 4),
        ],
    ),
    "nfdump's JSON": json.dumps(
        [
            {
                "first": "2026-11-24T17:00:00.123",
                "last": "2026-11-24T17:00:05.123",
                "proto": 6,
                "src_port": 40000,
                "dst_port": 443,
                "src4_addr": "10.0.0.5",
                "dst4_addr": "192.0.2.7",
                "in_packets": 5,
                "in_bytes": 500,
                "out_packets": 4,
                "out_bytes": 600,
            }
        ],
        indent=1,
    ),
    "YAF": json.dumps(
        {
            "flows": {
                "flowStartMilliseconds": "2026-11-24 17:00:00.123Z",
                "octetTotalCount": 500,
                "packetTotalCount": 5,
                "flowEndMilliseconds": "2026-11-24 17:00:05.123Z",
                "reverseOctetTotalCount": 600,
                "reversePacketTotalCount": 4,
                "sourceIPv4Address": "10.0.0.5",
                "sourceTransportPort": 40000,
                "destinationIPv4Address": "192.0.2.7",
                "destinationTransportPort": 443,
                "protocolIdentifier": 6,
            }
        }
    ),
    "Arkime": json.dumps(
        {
            "data": [
                {
                    "firstPacket": 1795539600123,
                    "lastPacket": 1795539605123,
                    "ipProtocol": 6,
                    "source": {"ip": "10.0.0.5", "port": 40000, "bytes": 500, "packets": 5},
                    "destination": {"ip": "192.0.2.7", "port": 443, "bytes": 600, "packets": 4},
                }
            ],
            "recordsTotal": 1,
        }
    ),
    "SiLK's names, two records of a conversation": "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|eTime|\n"
    "10.0.0.5|192.0.2.7|40000|443|6|5|500|FS PA   |2026/11/24T17:00:00.123|2026/11/24T17:00:05.123|\n"
    "192.0.2.7|10.0.0.5|443|40000|6|4|600|FS PA   |2026/11/24T17:00:00.124|2026/11/24T17:00:05.123|\n",
    "Sentinel": table(
        [
            *("TimeGenerated [UTC]", "SrcIpAddr", "SrcPortNumber", "DstIpAddr", "DstPortNumber", "NetworkProtocol"),
            *("td", "SrcBytes", "DstBytes", "spkts", "dpkts"),
        ],
        ["11/24/2026, 5:00:00.123 PM", "10.0.0.5", 40000, "192.0.2.7", 443, "TCP", 5, 500, 600, 5, 4],
    ),
    "logstash": json.dumps(
        {
            "@timestamp": "2026-11-24T17:00:09.000Z",
            "netflow": {
                "ipv4_src_addr": "10.0.0.5",
                "ipv4_dst_addr": "192.0.2.7",
                "l4_src_port": 40000,
                "l4_dst_port": 443,
                "protocol": 6,
                "in_bytes": 500,
                "in_pkts": 5,
                "out_bytes": 600,
                "out_pkts": 4,
                "first_switched": "2026-11-24T17:00:00.123Z",
                "last_switched": "2026-11-24T17:00:05.123Z",
            },
        }
    ),
    "Kibana": table(
        [
            *("event.start", "event.end", "source.ip", "source.port", "destination.ip", "destination.port"),
            *("network.transport", "source.bytes", "destination.bytes", "source.packets", "destination.packets"),
        ],
        [
            *("Nov 24, 2026 @ 17:00:00.123", "Nov 24, 2026 @ 17:00:05.123", "10.0.0.5", "40,000", "192.0.2.7", 443),
            *("tcp", 500, 600, 5, 4),
        ],
    ),
}


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_flow_of_both_directions(tmp_path, opened, name):
    tables_, (_, _, refused) = opened(BOTH_WAYS[name])
    assert recognise(tmp_path / "x.csv").kind == ("documents" if BOTH_WAYS[name][0] in "{[" else "table")
    (row,) = tables_["flow"]
    assert tuple(row[end] for end in ("src", "src_port", "dst", "dst_port", "proto")) == ENDS
    assert (us(row["ts"]), us(row["ts_end"])) == (AT_US, AT_US + 5_000_000)
    assert [row[f"{what}_{way}"] for what in ("bytes", "pkts") for way in ("toserver", "toclient")] == [500, 600, 5, 4]
    assert (row["failed"], refused) == (False, 0)


def half(a, b, sent, at=AT_US, **more):
    ports = {"src_port": 40000, "dst_port": 443} if a == "10.0.0.5" else {"src_port": 443, "dst_port": 40000}
    times = {"time_flow_start_ns": at * 1000, "time_flow_end_ns": (at + 1_000_000) * 1000}
    return (
        {"type": "IPFIX", **times, "src_addr": a, "dst_addr": b, "bytes": sent, "packets": 2, "proto": "TCP"}
        | ports
        | more
    )


@pytest.mark.slow
def test_two_halves_are_one_flow_of_who_began(opened):
    asked, told = half("10.0.0.5", "192.0.2.7", 500), half("192.0.2.7", "10.0.0.5", 600, AT_US + 9)
    for order in ([asked, told], [told, asked], [{**told, "time_flow_start_ns": AT_US * 1000}, asked]):
        tables_, counts = opened("\n".join(map(json.dumps, order)))
        (row,) = tables_["flow"]
        assert tuple(row[end] for end in ("src", "src_port", "dst", "dst_port", "proto")) == ENDS
        assert (row["bytes_toserver"], row["bytes_toclient"], counts) == (500, 600, (2, 1, 0))
    later = half("192.0.2.7", "10.0.0.5", 600, AT_US + 60_000_000)
    assert [row["src"] for row in opened("\n".join(map(json.dumps, [asked, later])))[0]["flow"]] == ["10.0.0.5"] * 2


@pytest.mark.parametrize(
    ("flags", "failed"), [(2, True), (27, False), ("0x12", False), ("......S.", True), (None, None)]
)
def test_a_lone_half_says_by_its_flags_what_became_of_the_call(opened, flags, failed):
    (row,) = opened(json.dumps(half("10.0.0.5", "192.0.2.7", 60, tcp_flags=flags)))[0]["flow"]
    assert (row["failed"], row["bytes_toclient"]) == (failed, None)


def test_flow_logs_of_a_cloud(opened):
    lines = ["2 1 10.0.0.5 192.0.2.7 40000 443 6 5 500 1795539600 1795539605 ACCEPT OK"]
    lines += ["2 1 192.0.2.9 10.0.0.5 40000 22 6 1 60 1795539600 1795539605 REJECT OK"]
    lines += ["2 1 - - - - - - - 1795539600 1795539605 - NODATA"]
    tables_, counts = opened(VPC + "\n".join(lines))
    assert [(row["dst_port"], row["failed"]) for row in tables_["flow"]] == [(443, None), (22, True)]
    assert counts == (4, 2, 0)


def test_moments_without_a_zone_are_in_the_zone_that_is_given(opened):
    (row,) = opened(f"{NFDUMP}\n{BOTH}\n", zone="Europe/Copenhagen")[0]["flow"]
    assert us(row["ts"]) == AT_US - 3600 * 1_000_000
    assert moment_us("24.11.2026 17:00:00.123", "Europe/Copenhagen") == AT_US - 3600 * 1_000_000


def test_a_row_whose_moment_nobody_understands_is_refused_and_its_neighbour_is_a_flow(opened):
    rows = "10.0.0.1;5;192.0.2.1;6;tcp;4.3.2026 08:00\n10.0.0.1;5;192.0.2.1;6;tcp;31.02.2026 08:00:00\n"
    tables_, (_, passed, refused) = opened("src_ip;src_port;dst_ip;dst_port;protocol;start\n" + rows)
    assert [us(row["ts"]) for row in tables_["flow"]] == [1_772_611_200_000_000]
    assert (passed, refused) == (1, 1)


@pytest.mark.parametrize(
    "said",
    [
        *("2026-11-24T17:00:00.123Z", "2026-11-24 17:00:00.123 UTC", "2026/11/24 17:00:00.123", 1795539600.123),
        *("Nov 24, 2026 @ 17:00:00.123", 1795539600123, "1795539600123000", 1795539600123000000, "1795539600.123"),
        *("11/24/2026, 5:00:00.123 PM", "Nov 24, 2026 @ 17:00:00.123"),
        *("2026-11-24T18:00:00.123+0100", "2026-11-24T18:00:00.123+01:00"),
        *("24.11.2026 17:00:00.123", "24.11.2026, 17:00:00,123", "24.11.2026 kl. 17.00.00.123"),
    ],
)
def test_the_writings_of_a_moment(said):
    assert abs(moment_us(said) - AT_US) < 2


@pytest.mark.parametrize("said", [None, "", "yesterday", True, [], {}, "2026-13-99 99:99:99", 1e300, "9" * 19, -5])
def test_what_is_no_moment(said):
    assert moment_us(said) is None or isinstance(moment_us(said), int)


def test_requests_and_tunnels_of_a_proxy_and_a_web_server(opened):
    head = "#Software: x\n#Fields: date time c-ip sc-status cs-method cs-host cs-uri-port cs-uri-path cs-uri-query"
    head += " cs(User-Agent) sc-bytes cs-bytes\n"
    lines = [f"2026-11-24 17:00:00 10.0.0.5 200 GET x.dk 80 /y ?a=1 {FIREFOX} 4000 300"]
    lines += ["2026-11-24 17:00:01 10.0.0.5 200 CONNECT x.dk 443 - - - 4000 300"]
    iis = "#Fields: date time s-ip cs-method cs-uri-stem s-port c-ip sc-status\n"
    iis += "2026-11-24 17:00:00 10.0.0.9 GET /z 80 10.0.0.5 404\n"
    tables_, counts = opened(head + "\n".join(lines) + "\n" + iis)
    asked, served = tables_["http"]
    assert (asked["host"], asked["url"], asked["method"], asked["dst_port"]) == ("x.dk", "/y?a=1", "GET", 80)
    assert (served["dst"], served["url"], served["status"]) == ("10.0.0.9", "/z", 404)
    assert (tables_["tls"][0]["sni"], tables_["tls"][0]["dst_port"], counts) == ("x.dk", 443, (3, 0, 0))


def test_the_firewall_of_windows(opened):
    head = "#Version: 1.5\n#Fields: date time action protocol src-ip dst-ip src-port dst-port size path\n\n"
    tables_, counts = opened(
        head + "2026-11-24 17:00:00 DROP TCP 192.0.2.7 10.0.0.5 40000 445 60 RECEIVE\n", "pfirewall.log"
    )
    (row,) = tables_["flow"]
    assert (row["src"], row["dst_port"], row["failed"], counts) == ("192.0.2.7", 445, True, (1, 0, 0))


@pytest.mark.slow
def test_lines_of_logs_in_tables(opened, event):
    dns = event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})
    splunk = table(["_raw", "_time", "host"], [json.dumps(dns), "2026-11-24T17:00:00.123+0000", "x"])
    kibana = table(["@timestamp", "message"], ["Nov 24, 2026 @ 17:00:00.123", json.dumps(dns)])
    mapped = table(
        [
            *("@timestamp", "suricata.eve.event_type", "source.ip", "destination.ip", "network.transport"),
            *("source.port", "destination.port", "dns.question.name", "suricata.eve.dns.type"),
        ],
        ["Nov 24, 2026 @ 17:00:00.123", "dns", "10.0.0.5", "192.0.2.7", "udp", "40,000", 53, "x.dk", "query"],
    )
    for text in (splunk, kibana, mapped):
        tables_, counts = opened(text)
        assert (tables_["dns"][0]["rrname"], counts) == ("x.dk", (2, 1, 0))
    own = opened(tsv("conn", [CONN]).decode(), "conn.log")[0]
    assert opened(table(["", *CONN], [0, *CONN.values()]))[0] == own


def test_a_short_row_costs_itself(opened):
    line = "2 1 10.0.0.5 192.0.2.7 40000 443 6 5 500 1795539600 1795539605 ACCEPT OK"
    assert len(opened(f'{VPC}2 "1 a\rb\n{line}\n')[0]["flow"]) == 1
    tables_, counts = opened(f"{NFDUMP}\n{BOTH}\na,b,c\n\n{BOTH}")
    assert (len(tables_["flow"]), counts) == (2, (4, 1, 1))


@pytest.mark.parametrize(
    "head", ["a,b,c", "name,src,dst", "10.0.0.1 - - [x]", "message", "Proto Src IP Addr:Port Dst IP Addr:Port time", ""]
)
def test_what_is_no_table_of_ours(tmp_path, head):
    path = tmp_path / "x"
    path.write_text(f"{head}\n1,2,3\n")
    assert tables.head_of(path.read_bytes()) is None
    assert recognise(path).kind == "unknown"


@pytest.mark.parametrize(
    "head",
    [
        "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets",
        "         StartTime    Proto            SrcAddr  Sport   Dir            DstAddr  Dport  TotPkts State",
    ],
)
def test_a_table_for_people_is_told_how_to_be_written(tmp_path, head):
    path = tmp_path / "x"
    path.write_text(head + "\n")
    assert recognise(path).kind == "lined up"


@given(
    st.lists(st.text(max_size=30), max_size=20),
    st.sampled_from(["a,proto", NFDUMP, VPC.strip(), "#Fields: date time c-ip cs-method"]),
)
@settings(max_examples=100, deadline=None)
def test_any_lines_behind_a_head_are_documents(lines, head):
    text = "\n".join([head, *lines])
    found = tables.head_of(text.encode("utf-8", "replace"))
    if found:
        for number, document in tables.rows(text.splitlines(keepends=True), found):
            assert number >= 1
            assert document.fault or isinstance(json.loads(document.raw), dict)


_VALUES = (
    st.none()
    | st.text(max_size=8)
    | st.integers()
    | st.floats()
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["6", "-", "10.0.0.1"])
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["sa", "da", "sp", "dp", "pr", "ts", "te", "td", "ibyt", "obyt", "flg", "bytes", "action"]),
            _VALUES,
        ),
        max_size=9,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_document_is_a_flow_or_none(documents):
    flows = [flow for flow in map(flow_of, documents) if flow]
    assert all(has_flow(document) for document in documents if flow_of(document))
    kept = [flow for _, flow in paired(flows) if flow]
    assert len(kept) <= len(flows)
    json.dumps(kept)
