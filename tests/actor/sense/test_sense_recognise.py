"""What a file is, by what is in it; and anything that lies on a disk, opened."""

import gzip
import json
import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.open_path import UNREAD, open_path
from bavn.actor.sense.recognise import Kind, recognise

EVE = {"timestamp": "2026-11-24T17:00:00.0Z", "event_type": "dns", "src_ip": "10.0.0.1", "src_port": 1}
EVE |= {"dest_ip": "10.0.0.2", "dest_port": 53, "proto": "UDP", "dns": {"type": "query", "rrname": "x.dk"}}
CONN = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n"
CONN += "1.0\tC1\t10.0.0.1\t1\t10.0.0.2\t2\ttcp\n#close\t2026\n"
SSL = [{"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2", "established": True}]
SSL += [{**SSL[0], "resumed": False, "cert_chain_fuids": ["F1"]}]
X509 = {"ts": 1.0, "id": "F1", "certificate.serial": "1", "certificate.subject": "CN=x"}


def lines(*values):
    return "".join((v if isinstance(v, str) else json.dumps(v)) + "\n" for v in values).encode()


@pytest.mark.parametrize(
    ("raw", "kind", "log"),
    [
        (b"\xd4\xc3\xb2\xa1" + b"\0" * 20, "pcap", ""),
        (b"\x0a\x0d\x0d\x0a" + b"\0" * 20, "pcapng", ""),
        (lines(EVE), "eve", ""),
        (lines("", "broken {", EVE), "eve", ""),
        (b"\xef\xbb\xbf" + lines(EVE), "eve", ""),
        (CONN.encode(), "zeek", "conn"),
        (CONN.replace("#path\tconn\n", "").replace("proto", "conn_state").encode(), "zeek", "conn"),
        (CONN.replace("conn", "weird").encode(), "other zeek", "weird"),
        (lines(*SSL), "zeek", "ssl"),
        (lines(X509), "zeek", "x509"),
        (lines({"ts": 1, "_path": "dns"}), "zeek", "dns"),
        (lines({"ts": 1, "_path": "notice"}), "other zeek", "notice"),
        (lines({"ts": 1, "id.orig_h": "10.0.0.1"}), "zeek", "kerberos"),
        (b"", "unknown", ""),
        (b"StartTime,Dur,Proto\n", "unknown", ""),
        (lines({"name": "x"}), "unknown", ""),
        (b"[" * 100_000, "unknown", ""),
        (b'{"a":' * 100_000, "unknown", ""),
        (b"\0" * 1000, "unknown", ""),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_files_are_known_by_their_content(tmp_path, raw, kind, log, packed):
    path = tmp_path / "kerberos.txt"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    found = recognise(path)
    assert (found.kind, found.log) == (kind, log)


@given(st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_are_something_or_unknown(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("any") / "x"
    path.write_bytes(raw)
    found = recognise(path)
    assert found.kind in get_args(Kind)
    assert recognise(path) == found


@pytest.fixture
def opened(tmp_path, engine):
    def run(path):
        return list(open_path(path, sensor="a", work=tmp_path / "work", homes=("10.0.0.0/8",), engine=engine))

    return run


def test_a_folder_of_everything(tmp_path, opened):
    folder = tmp_path / "all"
    (folder / "zeek").mkdir(parents=True)
    (folder / "a.json.gz").write_bytes(gzip.compress(lines(EVE, EVE, "{")))
    (folder / "readme").write_text("hello")
    (folder / ".hidden").write_text("hello")
    (folder / "zeek" / "a_ssl").write_bytes(lines(*SSL))
    (folder / "zeek" / "b_x509").write_bytes(lines(X509))
    (folder / "zeek" / "stderr.log").write_bytes(b"")
    (folder / "zeek" / "stdout.log").write_text("max memory size\n")
    (folder / "zeek" / "weird.log").write_text(CONN.replace("conn", "weird"))
    batches = opened(folder)
    rows = {}
    for batch in batches:
        for record, table in batch.tables.items():
            rows.setdefault(record, []).extend(table.to_pylist())
    assert {record: len(found) for record, found in rows.items()} == {"dns": 2, "tls": 2}
    assert [row["subject"] for row in rows["tls"]] == [None, "CN=x"]
    refusals = [refusal for batch in batches for refusal in batch.refusals]
    assert [(r.file, r.line) for r in refusals] == [("a.json.gz", 3), ("readme", 0)]
    assert {batch.source for batch in batches} >= {str(folder / "a.json.gz")}


def test_a_path_that_is_nothing_we_know_and_refusals_over_a_file_are_bounded(tmp_path, opened):
    (tmp_path / "readme").write_text("hello")
    with pytest.raises(SourceBroken, match="neither a packet capture, nor EVE, nor a log of Zeek's"):
        opened(tmp_path / "readme")
    with pytest.raises(SourceBroken, match="cannot be read"):
        opened(tmp_path / "none")
    (tmp_path / "eve.json").write_bytes(lines(EVE) + b"{\n" * 1000)
    (batch,) = opened(tmp_path / "eve.json")
    assert (batch.refused, len(batch.refusals)) == (1000, REFUSALS_KEPT_MAX)


def test_a_damaged_archive_and_a_last_line_without_end_are_read_as_far_as_they_go(tmp_path, opened):
    packed = gzip.compress(lines(*[{**EVE, "flow_id": n} for n in range(5000)]))
    (tmp_path / "eve.json.gz").write_bytes(packed[: len(packed) // 2])
    batches = opened(tmp_path / "eve.json.gz")
    assert sum(batch.rows for batch in batches) > 1000
    assert [r.why.en for b in batches for r in b.refusals if r.line == 0] == ["the gzip archive is cut off"]
    assert sum(batch.refused for batch in batches) <= 2
    (tmp_path / "eve.json").write_bytes(lines(EVE, EVE)[:-1])
    (batch,) = opened(tmp_path / "eve.json")
    assert (batch.lines, batch.rows) == (2, 2)


COREDNS = '[INFO] 10.1.0.5:50000 - 7 "A IN x.dk. udp 60 false 512" NOERROR qr,rd,ra 110 0.0001s\n'
LEEF = "LEEF:2.0|Check Point|VPN-1|1.0|Accept|^|src=10.1.0.5^dst=203.0.113.9\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"ElfFile\0" + bytes(range(256)), "windows events"),
        (
            b"Level,Date and Time,Source,Event ID,Task Category\nInformation,05-01-2026 08:00:00,x,4625,y\n",
            "windows events",
        ),
        (b"PAR1" + bytes(100), "parquet"),
        (b"%PDF-1.7\n" + bytes(range(256)), "page"),
        (b"<!DOCTYPE html><html>\n", "page"),
        (lines({"src_ip": "10.0.0.1"}).decode().encode("utf-16-be"), "bare utf-16"),
        (lines({"src_ip": "10.0.0.1"}).decode().encode("utf-16-le"), "bare utf-16"),
        (COREDNS.encode(), "coredns"),
        (b"2026-01-05T08:00:00.000Z stdout F " + COREDNS.encode(), "coredns"),
        (LEEF.encode(), "leef"),
        (b"<13>Jan  5 08:00:00 fw1 " + LEEF.encode(), "leef"),
        (b"\x0c\xa5\x02\x00" + bytes(60), "nfdump binary"),
        (b"2 123456789010 eni-1235b8ca 10.1.0.5 203.0.113.9 40000 443 6 5 1200 1 2 ACCEPT OK\n", "table"),
        (b"ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n2026-11-24,x\n", "table"),
        (b"sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|eTime|\n", "table"),
        (
            b"Date first seen      Duration Proto      Src IP Addr:Port      Dst IP Addr:Port\n",
            "table",
        ),
        (
            b"    StartTime    Proto            SrcAddr  Sport   Dir            DstAddr  Dport\n",
            "table",
        ),
        (b"#Version: 1.5\n#Fields: date time action protocol src-ip dst-ip src-port dst-port\n", "table"),
        (b"2 apples and a pear\n", "unknown"),
    ],
)
def test_what_nothing_here_reads_is_told_what_to_give_instead(tmp_path, raw, kind):
    path = tmp_path / "x"
    path.write_bytes(raw)
    assert recognise(path).kind == kind
    with pytest.raises(SourceBroken, match=re.escape(UNREAD[kind].en)):
        list(open_path(path, sensor="a", work=tmp_path, homes=("10.0.0.0/8",)))
