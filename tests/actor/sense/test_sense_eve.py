"""Suricata's lines, each type as it is written, into the columns of record.TABLES."""

from datetime import datetime

import pyarrow as pa
import pytest

from bavn.actor.sense.suricata.eve_columns import COLUMNS
from bavn.model.record import RECORD_TYPES, TABLES, address_text, address_uuid


def test_a_flow_and_its_turned_and_community_forms(row, flow):
    got = row(flow(app_proto="tls"))
    assert got.pop("record") == "flow"
    assert got == {
        "ts": datetime(2026, 11, 24, 15, 59, 58, 1),  # noqa: DTZ001
        "sensor": "s1",
        "src": address_uuid("10.0.0.1"),
        "src_port": 40000,
        "dst": address_uuid("192.0.2.7"),
        "dst_port": 443,
        "proto": "tcp",
        "flow_id": 1835779016976098,
        "community_id": "1:2tY20qKkDVqeyXcT1qsNBW7w5fY=",
        "ts_end": datetime(2026, 11, 24, 15, 59, 59, 2),  # noqa: DTZ001
        "app_proto": "tls",
        "bytes_toserver": 180,
        "bytes_toclient": 300,
        "pkts_toserver": 3,
        "pkts_toclient": 3,
        "state": "closed",
        "reason": "timeout",
        "tcp_flags_ts": 27,
        "tcp_flags_tc": 27,
        "icmp_type": None,
        "icmp_code": None,
        "failed": False,
        "sampling": None,
        "since": None,
    }
    line = flow()
    del line["community_id"]
    assert row(line)["community_id"] == "1:YoLkORb0qcQeOrBUXV1d6bXI/B0="
    other = row({**line, "proto": "ICMP", "icmp_type": 8, "icmp_code": 0})
    assert other["community_id"].startswith("1:")
    assert other["community_id"] != row(line)["community_id"]


@pytest.mark.parametrize(
    ("case", "failed"),
    [
        ({"ts": "02", "tc": "00", "got": 0}, True),  # no answer to the SYN
        ({"ts": "02", "tc": "14", "got": 1}, True),  # RST to the SYN
        ({"ts": "06", "tc": "12"}, False),  # half-open scan of an open port
        ({"ts": "1b", "tc": "1b"}, False),  # a whole connection
        ({"ts": "10", "tc": "04", "got": 1}, True),  # ACK scan, refused
        ({"ts": "00", "tc": "00", "state": "new", "got": 1}, True),  # FIN scan as Suricata counts it
        ({"ts": "18", "tc": "1c"}, False),  # from the middle, ended by the server's RST
        ({"proto": "UDP", "got": 0, "state": "new"}, True),
        ({"proto": "UDP", "got": 1, "state": "new"}, True),  # only an ICMP unreachable came back
        ({"proto": "UDP", "got": 1, "state": "established"}, False),
        ({"proto": "UDP", "got": 0, "state": "new", "dest_ip": "239.255.255.250"}, False),
        ({"proto": "UDP", "got": 0, "state": "new", "dest_ip": "255.255.255.255"}, False),
        ({"proto": "ICMP", "got": 0, "state": "new", "icmp_type": 8, "icmp_code": 0}, True),
        ({"proto": "ICMP", "got": 1, "state": "established", "icmp_type": 8, "icmp_code": 0}, False),
        ({"proto": "ICMP", "got": 0, "state": "new", "icmp_type": 3, "icmp_code": 1}, False),
        ({"proto": "ESP", "got": 0, "state": "new"}, False),
    ],
)
def test_failed_means_no_answer_or_a_refusal(row, flow, case, failed):
    assert row(flow(**case))["failed"] is failed


def test_flows_http_and_dns_are_read_from_the_side_that_opened(row, flow, event):
    ends = {"src_ip": "192.0.2.7", "src_port": 443, "dest_ip": "10.0.0.1", "dest_port": 40000}
    got = row(flow(ts="18", tc="10", sent=7, got=2, **ends))
    assert (address_text(got["src"]), got["src_port"], got["dst_port"]) == ("10.0.0.1", 40000, 443)
    assert (got["pkts_toserver"], got["pkts_toclient"]) == (2, 7)
    assert (got["bytes_toserver"], got["bytes_toclient"]) == (200, 420)
    assert (got["tcp_flags_ts"], got["tcp_flags_tc"], got["failed"]) == (0x10, 0x18, False)
    http = {
        "hostname": "Example.DK:8080",
        "url": "/a?b=c",
        "http_method": "POST",
        "http_user_agent": "curl/8",
        "status": 200,
        "length": 17,
        "http_content_type": "text/html",
        "request_headers": [{"name": "Content-Length", "value": "5"}],
        "response_headers": [{"name": "SERVER", "value": "nginx"}],
    }
    got = row(event("http", http=http))
    assert (got["host"], got["url"], got["method"], got["status"]) == ("example.dk", "/a?b=c", "POST", 200)
    assert (got["server"], got["request_bytes"], got["response_bytes"]) == ("nginx", 5, 17)


@pytest.mark.parametrize(
    "case",
    [
        {"ts": "02", "tc": "14", "got": 1},  # its SYN was seen
        {"proto": "UDP", "got": 0, "state": "new", "src_port": 53},  # a scan from port 53
        {"ts": "18", "tc": "10", "dest_port": 445},  # service ports on both sides
        {"ts": "18", "tc": "10", "src_port": 50000},
    ],
)
def test_other_flows_are_not(row, flow, case):
    got = row(flow(**{"src_port": 443, "dest_port": 40000, **case}))
    assert address_text(got["src"]) == "10.0.0.1"


def test_dns_of_all_versions_and_where_nothing_is_found(row, event):
    asked = row(event("dns", dns={"version": 2, "type": "query", "rrname": "WWW.Example.DK.", "rrtype": "A"}))
    assert (asked["record"], asked["rrname"], asked["rrtype"]) == ("dns", "www.example.dk", "A")
    assert (asked["answered"], asked["answers"], asked["answer_bytes"], asked["rcode"]) == (False, None, None, None)
    answers = [
        {"rrname": "www.example.dk", "rrtype": "CNAME", "ttl": 300, "rdata": "a.example.net"},
        {"rrname": "a.example.net", "rrtype": "A", "ttl": 20, "rdata": "192.0.2.9"},
        {"rrname": "example.dk", "rrtype": "SOA", "ttl": 60, "soa": {"mname": "ns.example.dk", "rname": "x"}},
    ]
    dns = {"type": "answer", "rcode": "NOERROR", "rrname": "www.example.dk", "rrtype": "A", "answers": answers}
    got = row(event("dns", dns=dns))
    assert got["answers"] == ["a.example.net", "192.0.2.9", "ns.example.dk"]
    assert (got["answered"], got["answer_bytes"], got["ttl_s"], got["rcode"]) == (True, 35, 20, "NOERROR")
    got = row(event("dns", dns={"type": "answer", "rcode": "NXDOMAIN", "rrname": "x.dk", "rrtype": "A"}))
    assert (got["answers"], got["answer_bytes"], got["ttl_s"], got["rcode"]) == ([], 0, None, "NXDOMAIN")
    grouped = {"A": ["192.0.2.1", "192.0.2.2"], "TXT": ["v=1"]}
    got = row(event("dns", dns={"type": "answer", "rcode": "NOERROR", "rrname": "x.dk", "grouped": grouped}))
    assert sorted(got["answers"]) == ["192.0.2.1", "192.0.2.2", "v=1"]
    one = {"type": "answer", "rcode": "NOERROR", "rrname": "x.dk", "rrtype": "A", "ttl": 5, "rdata": "192.0.2.1"}
    got = row(event("dns", dns=one))
    assert (got["answers"], got["ttl_s"]) == (["192.0.2.1"], 5)
    third = {"version": 3, "type": "response", "rcode": "NOERROR", "queries": [{"rrname": "X.dk", "rrtype": "AAAA"}]}
    got = row(event("dns", dns={**third, "answers": [{"rrtype": "AAAA", "ttl": 9, "rdata": "2001:db8::1"}]}))
    assert (got["rrname"], got["rrtype"], got["answered"], got["answers"]) == ("x.dk", "AAAA", True, ["2001:db8::1"])


@pytest.mark.parametrize(
    ("said", "version", "ja4"),
    [
        (
            {"version": "0x7e01", "ja4": "t12d1616h2_46e7e9700bed_8cbc9340e09a"},
            "0x7e01",
            "t12d1616h2_46e7e9700bed_8cbc9340e09a",
        ),
        ({"version": "32257", "ja4": "t00i000000_e3b0c44298fc_d2e2adf7177b"}, "0x7e01", None),
        ({"version": "1.2"}, "1.2", None),
        ({"version": "TLS 1.3"}, "TLS 1.3", None),
    ],
)
def test_a_version_without_a_name_and_a_fingerprint_of_no_hello_are_as_suricata_7_has_them(
    row, event, said, version, ja4
):
    got = row(event("tls", tls=said))
    assert (got["version"], got["ja4"]) == (version, ja4)


def test_tls_quic_and_http(row, event):
    tls = {
        "sni": "WWW.Example.DK",
        "version": "TLS 1.2",
        "subject": "CN=example.dk",
        "issuerdn": "CN=CA",
        "fingerprint": "E0:92:07:5A:c2:b3:7d:28:54:82:88:bd:58:5d:49:b0:3d:a4:ed:01",
        "notbefore": "2016-05-26T20:29:16",
        "notafter": "2016-08-26T20:29:16",
        "ja3": {"hash": "4D7A28d6f2263ed61de88ca66eb011e3", "string": "771,60"},
        "ja3s": {"hash": "70b9168e9fd446fb5ac938f381785e62", "string": "771"},
        "ja4": "t12d210500_b973bfd88a0e_677eed04e9fb",
    }
    got = row(event("tls", tls=tls))
    assert (got["record"], got["sni"], got["cert"]) == (
        "tls",
        "www.example.dk",
        "e092075ac2b37d28548288bd585d49b03da4ed01",
    )
    assert (got["notbefore"], got["notafter"]) == (datetime(2016, 5, 26, 20, 29, 16), datetime(2016, 8, 26, 20, 29, 16))  # noqa: DTZ001
    assert (got["ja3"], got["ja3s"], got["resumed"]) == (
        "4d7a28d6f2263ed61de88ca66eb011e3",
        "70b9168e9fd446fb5ac938f381785e62",
        False,
    )
    got = row(
        event("quic", proto="UDP", quic={"version": "1", "sni": "q.dk", "ja4": "q13d0310h3_55b375c5d22e_cd85d2d88918"})
    )
    assert (got["record"], got["sni"], got["version"], got["ja4"][0]) == ("tls", "q.dk", "QUIC 1", "q")
    assert row(event("tls", tls={"ja3s": {"hash": "ab", "string": "771,4866,43-51"}}))["cipher"] == "0x1302"
    assert row(event("tls", tls={"ja3s": {"hash": "ab", "string": "nonsense"}}))["cipher"] is None
    assert row(event("tls", tls={"version": "TLS 1.2"}))["cipher"] is None


def test_smb_dcerpc_ssh_rdp_krb5_and_dhcp(parse, event, row):
    pipe = {
        "command": "SMB2_COMMAND_CREATE",
        "status": "STATUS_SUCCESS",
        "named_pipe": r"\svcctl",
        "share": r"\\a\IPC$",
    }
    bound = {"request": "BIND", "interfaces": [{"uuid": "367ABB81-9844-35f1-ad32-98f038001003"}]}
    called = {"request": "REQUEST", "req": {"opnum": 12}}
    over_smb = {"command": "SMB2_COMMAND_IOCTL", "dcerpc": {"opnum": 76, "interfaces": [{"uuid": "x"}]}}
    parsed = parse(
        event("smb", smb=pipe),
        event("dcerpc", dcerpc=bound),
        event("dcerpc", dcerpc=called),
        event("smb", flow_id=2, smb=over_smb),
        event("dcerpc", flow_id=3, dcerpc=called),
    )
    assert parsed.tables["smb"]["named_pipe"].to_pylist() == [r"\svcctl"]
    rows = parsed.tables["dcerpc"].select(["interface", "endpoint", "opnum"]).to_pylist()
    svcctl = "367abb81-9844-35f1-ad32-98f038001003"
    assert [tuple(r.values()) for r in rows] == [
        (svcctl, "svcctl", None),
        (svcctl, "svcctl", 12),
        ("x", None, 76),
        (None, None, 12),
    ]
    side = {"proto_version": "2.0", "software_version": "OpenSSH_9.6", "hassh": {"hash": "AB", "string": "x"}}
    got = row(event("ssh", ssh={"client": side, "server": {**side, "hassh": {"hash": "cd"}}}))
    assert (got["client_software"], got["hassh"], got["hassh_server"]) == ("OpenSSH_9.6", "ab", "cd")
    got = row(event("rdp", rdp={"event_type": "connect_request", "client": {"client_name": "PC1"}}))
    assert (got["event_type"], got["client_name"]) == ("connect_request", "PC1")
    ends = {"src_ip": "10.0.0.9", "src_port": 88, "dest_ip": "10.0.0.1", "dest_port": 49158}
    krb5 = {
        "msg_type": "KRB_ERROR",
        "error_code": "KDC_ERR_PREAUTH_REQUIRED",
        "cname": "<empty>",
        "encryption": "<none>",
    }
    got = row(event("krb5", krb5=krb5, **ends))
    assert (address_text(got["dst"]), got["dst_port"], got["success"]) == ("10.0.0.9", 88, False)
    assert (got["cname"], got["encryption"], got["error_code"]) == (None, None, "KDC_ERR_PREAUTH_REQUIRED")
    lease = {"type": "reply", "dhcp_type": "ack", "client_mac": "D8:30:62:56:00:1C", "assigned_ip": "10.0.0.50"}
    got = row(event("dhcp", proto="UDP", dhcp=lease, src_port=67, dest_port=68))
    assert (got["mac"], address_text(got["assigned"]), got["src_port"]) == ("d8:30:62:56:00:1c", "10.0.0.50", 67)
    assert row(event("dhcp", proto="UDP", dhcp={**lease, "assigned_ip": "0.0.0.0"}))["assigned"] is None


def test_a_side_that_opened_has_its_file_and_alert(parse, event, row):
    ends = {"src_ip": "192.0.2.7", "src_port": 8888, "dest_ip": "10.0.0.1", "dest_port": 40000}
    file = {"filename": "/x.exe", "state": "CLOSED", "gaps": False, "size": 9, "sha256": "AA", "md5": "bb"}
    page = {"hostname": "x.dk"}
    parsed = parse(
        event("http", http=page, dest_port=8888),
        event("fileinfo", fileinfo=file, http=page, app_proto="http", **ends),
        event("fileinfo", flow_id=5, fileinfo=file, src_port=40001, dest_port=8888),
        event("fileinfo", flow_id=6, fileinfo={**file, "state": "TRUNCATED"}, **ends),
    )
    down, up, alone = parsed.tables["fileinfo"].to_pylist()
    assert (address_text(down["src"]), down["dst_port"], down["host"]) == ("10.0.0.1", 8888, "x.dk")
    assert (address_text(up["src"]), up["dst_port"]) == ("10.0.0.1", 8888)
    assert (address_text(alone["src"]), alone["dst_port"]) == ("10.0.0.1", 8888)
    assert (down["sha256"], down["md5"], alone["sha256"]) == ("aa", "bb", None)
    alert = {"gid": 1, "signature_id": 2403388, "rev": 3, "signature": "ET X", "category": "c", "severity": 2}
    back = {"src_ip": "192.0.2.7", "src_port": 443, "dest_ip": "10.0.0.1", "dest_port": 40000}
    flow = {"src_ip": "10.0.0.1", "src_port": 40000, "dest_ip": "192.0.2.7", "dest_port": 443}
    got = row(event("alert", alert=alert, flow=flow, **back))
    assert (address_text(got["src"]), got["dst_port"], got["signature_id"]) == ("10.0.0.1", 443, 2403388)
    assert address_text(row(event("alert", alert=alert, direction="to_client", **back))["src"]) == "10.0.0.1"
    assert address_text(row(event("alert", alert=alert, direction="to_server"))["src"]) == "10.0.0.1"


def test_stats_need_no_addresses_and_every_table_has_the_record_s_columns(row, parse, flow, event):
    stats = {"uptime": 8, "capture": {"kernel_packets": 100, "kernel_drops": 3}, "decoder": {"pkts": 97, "bytes": 5}}
    got = row({"timestamp": "2026-11-24T17:00:00.0Z", "event_type": "stats", "stats": stats})
    assert (got["uptime_s"], got["capture_packets"], got["capture_drops"], got["decoder_packets"]) == (8, 100, 3, 97)
    parsed = parse(
        flow(), event("dns", dns={"type": "query", "rrname": "x.dk"}), event("alert", alert={"signature_id": 1})
    )
    for record, table in parsed.tables.items():
        assert table.schema.names == [column.name for column in TABLES[record]]
        assert table.schema.field("src").type == pa.uuid()
    assert set(COLUMNS) == set(RECORD_TYPES) - {"kex", "clinical"}  # read from packets
    for record, known in COLUMNS.items():
        assert set(known) <= {column.name for column in TABLES[record]}
