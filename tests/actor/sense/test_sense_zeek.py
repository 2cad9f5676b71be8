"""Zeek's logs, TSV and JSON, of several versions, into the columns of record.TABLES. Any text, any line and any JSON
in Zeek's logs: one outcome each."""

import hashlib
import json
from datetime import datetime

import communityid
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_zeek import CONN, ENDS, head, tsv

from bavn.actor.formats.lines import Segment
from bavn.actor.sense.zeek.columns import COLUMNS
from bavn.actor.sense.zeek.fields import FIELDS, RECORD_OF, TELLING
from bavn.actor.sense.zeek.header import CHANGES_MAX, Header, header_of, parts
from bavn.actor.sense.zeek.records import ZeekParser
from bavn.model.record import RECORD_TYPES, TABLES, address_text, address_uuid


@pytest.fixture(scope="module")
def read(engine):
    parser = ZeekParser(engine, "z1")

    def run(kind, raw, header=None, first_line=1):
        return parser.parse(Segment(f"{kind}.log", first_line, raw), kind, header or Header())[0]

    return run


@pytest.fixture(scope="module")
def one(read):
    """The record of one line, written both ways; both must be the same."""

    def run(kind, row):
        as_tsv = read(kind, tsv(kind, [row]))
        as_json = read(kind, json.dumps({k: v for k, v in row.items() if v is not None}).encode() + b"\n")
        assert (as_tsv.refused, as_json.refused) == (0, 0), (as_tsv.refusals, as_json.refusals)
        ((record, table),) = as_tsv.tables.items()
        assert as_json.tables[record].equals(table)
        return {"record": record, **table.to_pylist()[0]}

    return run


@pytest.mark.slow
def test_a_connection(one):
    got = one("conn", CONN)
    flow = communityid.FlowTuple(6, "10.0.0.1", "192.0.2.7", 40000, 443)
    assert (
        got
        == {
            "record": "flow",
            "ts": datetime(2024, 4, 19, 0, 0, 0, 441203),  # noqa: DTZ001
            "sensor": "z1",
            "src": address_uuid("10.0.0.1"),
            "src_port": 40000,
            "dst": address_uuid("192.0.2.7"),
            "dst_port": 443,
            "proto": "tcp",
            "flow_id": int.from_bytes(hashlib.md5(b"CKIIJQfWoU8M05Fr2").digest()[8:], "little"),
            "community_id": communityid.CommunityID().calc(flow),
            "ts_end": datetime(2024, 4, 19, 0, 0, 1, 941203),  # noqa: DTZ001
            "app_proto": "tls",
            "bytes_toserver": 300,
            "bytes_toclient": 400,
            "pkts_toserver": 5,
            "pkts_toclient": 4,
            "state": "closed",
            "reason": None,
            "tcp_flags_ts": 0x13,
            "tcp_flags_tc": 0x13,
            "icmp_type": None,
            "icmp_code": None,
            "failed": False,
            "sampling": None,
            "since": None,
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "state", "failed"),
    [
        ({"conn_state": "S0", "history": "S"}, "new", True),
        ({"conn_state": "REJ", "history": "Sr"}, "closed", True),
        ({"conn_state": "RSTOS0", "history": "SR"}, "closed", True),
        ({"conn_state": "SH", "history": "SF"}, "closed", True),
        ({"conn_state": "S1", "history": "Sh"}, "established", False),
        ({"conn_state": "RSTO", "history": "ShR"}, "closed", False),
        ({"conn_state": "RSTR", "history": "ShADadr"}, "closed", False),
        ({"conn_state": "SHR", "history": "hf"}, "closed", False),
        ({"conn_state": "OTH", "history": "DdA"}, "established", False),
        ({"conn_state": None, "history": None}, None, False),
        ({"proto": "udp", "conn_state": "S0", "resp_pkts": "0"}, "new", True),
        ({"proto": "udp", "conn_state": "SF"}, "established", False),
        ({"proto": "udp", "conn_state": "S0", "resp_pkts": "0", "id.resp_h": "224.0.0.251"}, "new", False),
        ({"proto": "udp", "conn_state": "S0", "resp_pkts": "0", "id.resp_h": "10.0.0.255"}, "new", False),
        (
            {"proto": "icmp", "conn_state": "OTH", "id.orig_p": "8", "id.resp_p": "0", "resp_pkts": "0"},
            "established",
            True,
        ),
        ({"proto": "icmp", "conn_state": "OTH", "id.orig_p": "8", "id.resp_p": "0"}, "established", False),
    ],
)
def test_conn_state_says_what_became_of_it(one, case, state, failed):
    got = one("conn", {**CONN, **case})
    assert (got["state"], got["failed"]) == (state, failed)


@pytest.mark.slow
def test_icmp_http_files_and_smb_have_the_columns_of_the_record(one):
    six = {"proto": "icmp", "id.orig_h": "fe80::1", "id.resp_h": "ff02::2", "id.orig_p": "133", "id.resp_p": "134"}
    got = one("conn", {**CONN, **six})
    assert (got["proto"], got["icmp_type"], got["icmp_code"], got["src_port"]) == ("ipv6-icmp", 133, 0, 0)
    flow = communityid.FlowTuple(58, "fe80::1", "ff02::2", 133, 0)
    assert got["community_id"] == communityid.CommunityID().calc(flow)
    got = one("conn", {**CONN, "proto": "icmp", "id.orig_p": "3", "id.resp_p": "13"})
    assert (got["icmp_type"], got["icmp_code"]) == (3, 13)
    row = {**ENDS, "method": "GET", "host": "Example.dk:80", "uri": "/æ", "user_agent": "x\ty", "status_code": "404"}
    got = one("http", {**row, "request_body_len": "0", "response_body_len": "9", "resp_mime_types": ["text/html", "x"]})
    assert (got["host"], got["url"], got["user_agent"]) == ("example.dk", "/æ", "x\ty")
    assert (got["status"], got["content_type"], got["response_bytes"]) == (404, "text/html", 9)
    old = {"ts": ENDS["ts"], "fuid": "F1", "tx_hosts": ["192.0.2.7"], "rx_hosts": ["10.0.0.1"], "conn_uids": ["C1"]}
    old |= {"source": "HTTP", "is_orig": "F", "mime_type": "x/y", "filename": "a.exe", "seen_bytes": "5"}
    old |= {"total_bytes": None, "missing_bytes": "0", "md5": "AA", "sha1": "BB", "sha256": None}
    got = one("files", old)
    assert (address_text(got["src"]), address_text(got["dst"]), got["src_port"]) == ("10.0.0.1", "192.0.2.7", 0)
    assert (got["size"], got["md5"], got["app_proto"], got["community_id"]) == (5, "aa", "http", None)
    got = one("files", {**old, **ENDS, "missing_bytes": "3"})
    assert (got["dst_port"], got["md5"]) == (443, None)
    got = one("smb_mapping", {**ENDS, "path": r"\\srv\ADMIN$", "share_type": "DISK"})
    assert (got["command"], got["share"], got["disposition"]) == ("TREE_CONNECT", r"\\srv\ADMIN$", "disk")
    got = one("smb_files", {**ENDS, "action": "SMB::FILE_WRITE", "path": r"\\srv\c$", "name": r"a\b.exe"})
    assert (got["command"], got["filename"], got["disposition"]) == ("FILE_WRITE", r"a\b.exe", "write")
    got = one("smb_files", {**ENDS, "action": "SMB::PIPE_OPEN", "path": r"\\srv\IPC$", "name": "svcctl"})
    assert (got["named_pipe"], got["filename"]) == ("svcctl", None)


def test_dns_and_a_logged_community_id_are_taken(one):
    assert one("conn", {**CONN, "community_id": "1:abc"})["community_id"] == "1:abc"
    row = {**ENDS, "proto": "udp", "query": "WWW.Example.DK", "qtype_name": "A", "rcode_name": "NOERROR"}
    got = one("dns", {**row, "answers": ["a.example.net", "192.0.2.9"], "TTLs": ["300.000000", "20.000000"]})
    assert (got["rrname"], got["answered"], got["answers"]) == ("www.example.dk", True, ["a.example.net", "192.0.2.9"])
    assert (got["answer_bytes"], got["ttl_s"]) == (22, 20)
    got = one("dns", {**row, "rcode_name": None, "answers": None, "TTLs": None})
    assert (got["answered"], got["answers"], got["answer_bytes"]) == (False, None, None)
    got = one("dns", {**row, "rcode_name": "NXDOMAIN", "answers": None, "TTLs": None})
    assert (got["answered"], got["answers"], got["answer_bytes"], got["ttl_s"]) == (True, [], 0, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "app"),
    [
        ("ssl", "tls"),
        ("http,ssl", "http"),
        ("gssapi,smb,ntlm", "smb"),
        ("ntlm", "ntlm"),
        ("krb_tcp", "krb5"),
        (None, "failed"),
    ],
)
def test_services_have_suricata_s_names(one, service, app):
    assert one("conn", {**CONN, "service": service})["app_proto"] == app


@pytest.mark.slow
def test_the_rest_of_the_logs(one):
    got = one("dce_rpc", {**ENDS, "named_pipe": "135", "endpoint": "svcctl", "operation": "CreateServiceW"})
    assert (got["interface"], got["operation"]) == ("367abb81-9844-35f1-ad32-98f038001003", "CreateServiceW")
    ssh = {**ENDS, "auth_success": "F", "auth_attempts": "3", "client": "SSH-2.0-OpenSSH_9.6", "server": "SSH-2.0-x y"}
    got = one("ssh", {**ssh, "hassh": "AB", "hasshServer": "CD"})
    assert (got["client_software"], got["server_software"], got["client_proto"]) == ("OpenSSH_9.6", "x y", "2.0")
    assert (got["auth_success"], got["auth_attempts"], got["hassh_server"]) == (False, 3, "cd")
    rdp = {"cookie": "bob", "result": "encrypted", "security_protocol": "HYBRID", "client_name": "PC1"}
    got = one("rdp", {**ENDS, **rdp})
    assert (got["cookie"], got["protocol"], got["result"]) == ("bob", "HYBRID", "encrypted")
    krb = {"request_type": "TGS", "client": "bob/EXAMPLE.DK", "service": "cifs/srv", "success": "T", "cipher": "aes256"}
    got = one("kerberos", {**ENDS, **krb, "error_msg": None})
    assert (got["msg_type"], got["cname"], got["realm"], got["success"]) == ("KRB_TGS_REP", "bob", "EXAMPLE.DK", True)
    assert got["community_id"] is None
    lease = {"ts": ENDS["ts"], "uids": ["C1"], "client_addr": None, "server_addr": "10.0.0.2", "mac": "AA:BB"}
    lease |= {"host_name": "PC1", "assigned_addr": "10.0.0.50", "msg_types": ["DISCOVER", "OFFER", "REQUEST", "ACK"]}
    got = one("dhcp", lease)
    assert (address_text(got["src"]), address_text(got["dst"]), got["dst_port"]) == ("0.0.0.0", "10.0.0.2", 67)
    assert (got["type"], got["dhcp_type"], got["mac"], address_text(got["assigned"])) == (
        "reply",
        "ack",
        "aa:bb",
        "10.0.0.50",
    )


@pytest.mark.slow
def test_a_certificate_and_what_was_agreed_on_are_kept_where_they_are_shown(read, one):
    cert = {"ts": ENDS["ts"], "id": "Fcert", "certificate.subject": "CN=x", "certificate.issuer": "CN=ca"}
    cert |= {"certificate.not_valid_before": "1607004052.000000", "certificate.not_valid_after": "1614780052.000000"}
    parsed = read("x509", tsv("x509", [cert, {**cert, "id": "Fbad", "ts": "yesterday"}]))
    assert (parsed.lines, parsed.passed, parsed.refused) == (11, 10, 1)
    file = {"ts": ENDS["ts"], "fuid": "Fcert", "tx_hosts": ["192.0.2.7"], "rx_hosts": ["10.0.0.1"], "source": "SSL"}
    read("files", tsv("files", [{**file, "sha1": "AABB", "missing_bytes": "0"}]))
    ssl = {**ENDS, "version": "TLSv12", "server_name": "X.dk", "resumed": "F", "cert_chain_fuids": ["Fcert", "Fca"]}
    got = one("ssl", {**ssl, "ja3": "AB"})
    assert (got["subject"], got["issuerdn"], got["cert"]) == ("CN=x", "CN=ca", "aabb")
    assert (got["version"], got["sni"], got["ja3"]) == ("TLS 1.2", "x.dk", "ab")
    assert got["notbefore"] == datetime(2020, 12, 3, 14, 0, 52)  # noqa: DTZ001
    read("x509", tsv("x509", [{**cert, "id": None, "fingerprint": "ccdd", "certificate.subject": "CN=y"}]))
    new = {**ENDS, "version": "TLSv13", "server_name": None, "resumed": "T", "cert_chain_fps": ["ccdd"]}
    got = one("ssl", new)
    assert (got["subject"], got["cert"], got["resumed"], got["version"]) == ("CN=y", "ccdd", True, "TLS 1.3")
    assert one("ssl", {**new, "cert_chain_fps": ["other"]})["subject"] is None
    key = {"ts": "1713484800", "id": "F7", "certificate.key_type": "ecdsa", "certificate.key_length": "256"}
    key |= {"certificate.curve": "prime256v1", "certificate.sig_alg": "ecdsa-with-SHA256"}
    read("x509", tsv("x509", [key]))
    ssl = {**ENDS, "version": "TLSv13", "cipher": "TLS_AES_128_GCM_SHA256", "curve": "X25519MLKEM768"}
    got = one("ssl", {**ssl, "cert_chain_fuids": ["F7"]})
    assert (got["cipher"], got["negotiated_group"]) == ("TLS_AES_128_GCM_SHA256", "X25519MLKEM768")
    assert (got["cert_key"], got["cert_key_bits"], got["cert_signature"]) == (
        "EC secp256r1",
        256,
        "ecdsa-with-SHA256",
    )
    assert one("ssl", {**ssl, "curve": "unknown-4588"})["negotiated_group"] == "0x11ec"
    assert one("ssl", {**ssl, "curve": None, "cipher": "TLS_RSA_WITH_RC4_128_SHA"})["negotiated_group"] == "RSA"
    assert one("ssl", {**ssl, "curve": None})["negotiated_group"] is None
    ssh = {"kex_alg": "sntrup761x25519-sha512@openssh.com", "host_key_alg": "ssh-ed25519", "cipher_alg": "aes128-ctr"}
    got = one("ssh", {**ENDS, "client": "SSH-2.0-a", "server": "SSH-2.0-b", **ssh})
    assert [got[name] for name in ("kex_method", "host_key", "cipher")] == list(ssh.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ts": "yesterday"}, "ts: yesterday"),
        ({"ts": None}, "ts: missing"),
        ({"id.orig_h": "10.0.0"}, "address: 10.0.0"),
        ({"id.resp_h": None}, "address: missing"),
        ({"id.orig_p": "65536"}, "id.orig_p: 65536"),
        ({"orig_bytes": "-5"}, "orig_bytes: -5"),
        ({"resp_pkts": "1e3"}, "resp_pkts: 1e3"),
        ({"proto": None}, "proto: missing"),
    ],
)
def test_a_refusal_says_which_line_and_why(read, change, reason):
    parsed = read("conn", tsv("conn", [CONN, {**CONN, **change}, CONN]))
    (refusal,) = parsed.refusals
    assert (refusal.file, refusal.line, refusal.why.en) == ("conn.log", 10, reason)
    assert parsed.tables["flow"].num_rows == 2


def test_what_is_cut_short_or_stands_before_a_header_is_refused(read):
    raw = tsv("conn", [CONN]) + b"1713484800.441203\tC1\t10.0.0.1"
    parsed = read("conn", raw)
    assert [r.why.en for r in parsed.refusals] == [f"3 fields where the header has {len(CONN)}"]
    parsed = read("conn", "\t".join(CONN.values()).encode())
    assert [r.why.en for r in parsed.refusals] == [f"{len(CONN)} fields where the header has 0"]


@pytest.mark.slow
def test_logs_put_together_may_change_their_columns(read):
    newer = {"community_id": "1:abc", **dict(reversed(CONN.items()))}
    raw = tsv("conn", [CONN]) + tsv("conn", [newer]) + tsv("conn", [CONN])
    parsed = read("conn", raw + b"broken\n")
    assert parsed.tables["flow"].num_rows == 3
    assert parsed.tables["flow"]["dst_port"].to_pylist() == [443] * 3
    assert [r.line for r in parsed.refusals] == [31]


def test_headers_their_changes_and_fields_fit_together():
    raw = b"".join(b"#fields\t%d\nx\n" % n for n in range(3 * CHANGES_MAX))
    pieces = list(parts(raw, Header()))
    assert len(pieces) == CHANGES_MAX + 1
    assert b"".join(piece for _, piece in pieces) == raw
    header = header_of(tsv("conn", [CONN]))
    assert header == Header(path="conn", fields=tuple(CONN))
    assert Header.parse(header.text()) == header
    comma = header_of(b"#separator \\x2c\n#unset_field,(none)\n#path,dns\n#fields,ts,uid\n")
    assert (comma.separator, comma.unset, comma.path, comma.fields) == (",", "(none)", "dns", ("ts", "uid"))
    assert header_of(b'{"ts":1}') is None
    assert header_of(b"# just a remark\n") is None
    with pytest.raises(ValueError):
        Header.parse("[]")
    assert set(RECORD_OF) == set(FIELDS) == set(TELLING)
    for kind, record in RECORD_OF.items():
        if record:
            assert record in RECORD_TYPES
            assert set(COLUMNS[kind]) <= {column.name for column in TABLES[record]}


texts = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(texts, st.lists(texts, max_size=3)), min_size=1, max_size=6))
@settings(max_examples=12)
def test_any_text_survives_tsv_s_escapes(read, drawn):
    rows = [{**ENDS, "query": t.lower(), "rcode_name": "X", "answers": answers} for t, answers in drawn]
    parsed = read("dns", tsv("dns", rows))
    table = parsed.tables["dns"]
    nothing = ("-", "(empty)")
    assert parsed.refused == 0
    for (text, answers), kept in zip(drawn, table.to_pylist(), strict=True):
        if text.lower() not in nothing:
            assert kept["rrname"] == text.lower().removesuffix(".").lower()
        if ",".join(answers) not in nothing:
            assert kept["answers"] == answers


@given(
    st.lists(
        st.one_of(st.just(None), st.binary(max_size=30), st.sampled_from([b"", b"#x", b"{}", b"\t" * 15])), max_size=12
    )
)
@settings(max_examples=12)
def test_every_line_has_one_outcome(read, drawn):
    good = "\t".join(CONN.values()).encode()
    body = [good if line is None else line.replace(b"\n", b" ") for line in drawn]
    raw = "\n".join(head("conn", CONN)).encode() + b"\n" + b"".join(line + b"\n" for line in body)
    parsed = read("conn", raw)
    batch = parsed.batch("s", "m")
    assert batch.lines == 8 + len(body)
    assert batch.passed >= 8
    assert batch.tables["flow"].num_rows >= drawn.count(None) if None in drawn else True
    assert len(batch.refusals) == batch.refused


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@given(st.sampled_from(sorted(FIELDS)), st.lists(st.dictionaries(st.integers(0, 30), junk, max_size=4), max_size=8))
@settings(max_examples=25)
def test_every_line_of_json_has_one_outcome(read, kind, drawn):
    names = [name.removesuffix("[]") for name in FIELDS[kind]]
    changes = [{names[at % len(names)]: value for at, value in one.items()} for one in drawn]
    raw = b"".join(json.dumps({**CONN, "id": "F1", **change}).encode() + b"\n" for change in changes)
    parsed = read(kind, raw + b"{broken\n\n")
    batch = parsed.batch("s", "m")
    assert batch.lines == len(drawn) + 2
    assert batch.passed == 1 + (0 if RECORD_OF[kind] else batch.lines - 1 - batch.refused)
    assert batch.refusals[-1].why.en in ("no JSON", "1 fields where the header has 0")
