"""Logs as they lie in the field: other spellings, other versions, other programs, and values that nobody expects."""

import gzip
import json
import os
import random
from datetime import datetime

import pytest
from making_zeek import CONN, ENDS, tsv

from bavn.actor.formats.gzipped import head_of
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.left_fields import left_fields
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.recognise import HEAD_BYTES, recognise
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits

HOMES = ("10.0.0.0/8", "192.168.0.0/16")
MOMENT_US = 1_713_484_800_441_203


@pytest.fixture
def opened(tmp_path, engine):
    """The bytes of a file -> its rows by table, and lines refused."""

    def run(raw, name="x.log"):
        path = tmp_path / name
        path.write_bytes(raw)
        tables, refused = {}, 0
        for batch in open_path(path, sensor="a", work=tmp_path / "work", homes=HOMES, engine=engine):
            for record, table in batch.tables.items():
                tables.setdefault(record, []).extend(table.to_pylist())
            refused += batch.refused
        return tables, refused

    return run


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.slow
@pytest.mark.parametrize("duration", ["1002240.5", "99999999.999999", "3e9", "1e300", "-1", "nan", "inf", "9" * 400])
@pytest.mark.parametrize("form", ["tsv", "json"])
def test_however_long_a_connection_lasted_the_store_takes_it(tmp_path, engine, duration, form):
    path = tmp_path / "conn.log"
    row = {**CONN, "duration": duration}
    path.write_bytes(tsv("conn", [CONN, row]) if form == "tsv" else jsonl(CONN, row))
    with ColumnStore.open(tmp_path / "store", StoreLimits(age_days_max=None)) as store:
        batches = open_path(path, sensor="a", work=tmp_path / "w", homes=HOMES, engine=engine)
        assert sum(store.append(b.source, b.mark, b.tables) for b in batches) == 2
        store.tidy()
        assert store.stats().network_us == (MOMENT_US, MOMENT_US)


def respelled(row):
    return {name.replace(".", "_"): value for name, value in row.items()}


def nested(row):
    ends = {name.removeprefix("id."): value for name, value in row.items() if name.startswith("id.")}
    return {"id": ends, **{name: value for name, value in row.items() if not name.startswith("id.")}}


@pytest.mark.slow
@pytest.mark.parametrize("spelled", [dict, respelled, nested])
def test_names_without_dots(opened, spelled):
    own, _ = opened(tsv("conn", [CONN]))
    assert opened(jsonl(spelled(CONN), {"no": 1}))[0] == own
    certificate = {"ts": 1.0, "id": "F1", "certificate.serial": "1", "certificate.subject": "CN=x"}
    assert opened(jsonl(spelled(certificate)))[1] == 0
    assert opened(jsonl({"@stream": "conn", **spelled(CONN)}), "site_7.ndjson.log")[0] == own


def test_heads_behind_marks_other_heads_and_reductions_are_read(opened):
    dns = tsv("dns", [{**ENDS, "proto": "udp", "query": "x.dk", "rcode_name": "NOERROR"}])
    tables, refused = opened(tsv("conn", [CONN]) + dns + tsv("conn", [CONN]))
    assert ({record: len(rows) for record, rows in tables.items()}, refused) == ({"flow": 2, "dns": 1}, 0)
    assert opened(b"\xef\xbb\xbf" + tsv("conn", [CONN])) == opened(tsv("conn", [CONN]))
    own = opened(tsv("conn", [CONN]))
    assert opened(tsv("conn_red", [CONN])) == own
    assert opened(jsonl({"_path": "conn_red", **CONN}, {"_path": "conn_red", **CONN}))[0]["flow"] == own[0]["flow"] * 2
    stream = opened(jsonl({"_path": "conn_red", **CONN}, {"_path": "dns_red", **ENDS, "query": "x.dk"}, {"_path": "a"}))
    assert {record: len(rows) for record, rows in stream[0].items()} == {"flow": 1, "dns": 1}
    own = opened(jsonl(CONN))
    assert opened(jsonl({**CONN, "ts": 1713484800441.203}))[0] == opened(jsonl({**CONN, "ts": "1713484800441.203"}))[0]
    assert opened(jsonl({**CONN, "ts": 1713484800441.203})) == own
    tables, refused = opened(jsonl(CONN, respelled(CONN), nested(CONN)))
    assert (len(tables["flow"]), refused) == (3, 0)
    assert len({tuple(row.items()) for row in map(_plain, tables["flow"])}) == 1


def _plain(row):
    return {name: str(value) for name, value in row.items()}


def test_names_of_files_and_fields_that_nothing_reads_are_told(tmp_path):
    path = tmp_path / "NASHUA_conn.log"
    path.write_bytes(jsonl({"ts": 1.0, "uid": "C1", "id_orig_h": "10.0.0.1", "id_resp_h": "10.0.0.2"}))
    assert recognise(path).log == "conn"
    path = tmp_path / "conn.log"
    for raw in (tsv("conn", [{**CONN, "new.thing": "1"}]), jsonl({**CONN, "new.thing": 1, "_path": "conn"})):
        path.write_bytes(raw)
        assert left_fields(head_of(path, HEAD_BYTES), recognise(path)) == ("new.thing",)


def test_logs_of_zeek_by_name_version_and_quic(opened):
    """Services taken back have a minus, a transport that it does not know is a number, fields are new and reordered."""
    new = {"ip_proto": "6", "local_orig": "T", "failed_service": "ssl", "community_id": None, "orig_l2_addr": "x"}
    row = {**dict(reversed(list(CONN.items()))), **new, "service": "-ssl,http"}
    tables, refused = opened(tsv("conn", [row, {**row, "service": "-ssl"}, {**row, "service": None}]))
    assert [flow["app_proto"] for flow in tables["flow"]] == ["http", "failed", "failed"]
    assert refused == 0
    odd = {**row, "proto": "unknown_transport", "ip_proto": "47", "service": None}
    assert [flow["proto"] for flow in opened(tsv("conn", [odd]))[0]["flow"]] == ["47"]
    few = {name: CONN[name] for name in ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")}
    assert len(opened(tsv("conn", [few]))[0]["flow"]) == 1
    row = {**ENDS, "version": "1", "client_initial_dcid": "aa", "server_name": "X.dk.", "history": "IS"}
    for raw in (tsv("quic", [row]), jsonl(row)):
        (greeting,) = opened(raw)[0]["tls"]
        assert (greeting["sni"], greeting["version"], greeting["proto"]) == ("x.dk", "QUIC 1", "udp")


@pytest.mark.parametrize(
    ("changed", "app"),
    [
        ({"service": None}, "failed"),
        ({"service": "-ssl"}, "failed"),
        ({"service": None, "history": "DadA"}, None),  # its beginning was not seen
        ({"service": None, "history": "ShADF"}, None),  # nothing was said on one side
        ({"service": None, "missed_bytes": "9"}, None),
        ({"service": None, "proto": "udp"}, None),
    ],
)
def test_zeek_looked_and_found_no_protocol_that_it_knows(opened, changed, app):
    (flow,) = opened(tsv("conn", [{**CONN, "missed_bytes": "0", **changed}]))[0]["flow"]
    assert flow["app_proto"] == app


def test_suricata_s_unknown_protocol_and_its_dns_of_version_8(parse, event):
    """Version 3: queries and answers in arrays, for requests and responses alike, in one object."""
    flow = {"pkts_toserver": 3, "pkts_toclient": 2, "bytes_toserver": 300, "bytes_toclient": 200}
    flow |= {"start": "2026-11-24T17:00:00.000000+0100"}
    some = [event("flow", flow=flow, **more) for more in ({"app_proto": "failed"}, {"app_proto": "unknown"}, {})]
    assert [row["app_proto"] for row in parse(*some).tables["flow"].to_pylist()] == ["failed", None, None]
    dns = {"version": 3, "type": "response", "tx_id": 0, "id": 7, "flags": "8180", "qr": True, "opcode": 0}
    dns |= {"rcode": "NOERROR", "queries": [{"rrname": "X.dk", "rrtype": "A", "rrname_truncated": False}]}
    dns |= {"answers": [{"rrname": "x.dk", "rrtype": "A", "ttl": 60, "rdata": "192.0.2.1"}]}
    asked = {"version": 3, "type": "request", "tx_id": 0, "queries": [{"rrname": "y.dk", "rrtype": "TXT"}]}
    more = {"ip_v": 4, "in_iface": "x", "tx_guessed": True, "capture_file": "y", "verdict": {"action": "pass"}}
    rows = parse(event("dns", dns=dns, **more), event("dns", dns=asked, **more)).tables["dns"].to_pylist()
    assert [(row["rrname"], row["rrtype"], row["answered"]) for row in rows] == [
        ("x.dk", "A", True),
        ("y.dk", "TXT", False),
    ]
    assert (rows[0]["answers"], rows[0]["ttl_s"]) == (["192.0.2.1"], 60)


ARGUS = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n"
CALL = "2019/04/04 16:23:00.325010,0.5,tcp,10.8.0.69,48427,   ->,192.0.2.7,443,FSPA_FSPA,0,0,20,1420,630,flow=x\n"


def test_flows_of_argus_with_columns_in_any_order(opened):
    back = CALL.replace("   ->", "  <-")
    asked = CALL.replace("FSPA_FSPA", "REQ").replace("1420,630", "630,630")
    arp = CALL.replace("tcp", "arp").replace("48427", "")
    icmp = CALL.replace("tcp", "icmp").replace("48427", "0x0303").replace("FSPA_FSPA", "URP")
    tables, refused = opened((ARGUS + CALL + back + asked + arp + icmp + "nonsense\n" + ARGUS).encode())
    one, turned, silent, echo = tables["flow"]
    assert refused == 1
    assert str(one["ts"]) == "2019-04-04 16:23:00.325010"
    assert (one["src_port"], one["dst_port"], one["bytes_toserver"], one["bytes_toclient"]) == (48427, 443, 630, 790)
    assert (turned["dst_port"], turned["bytes_toserver"]) == (48427, 790)
    assert (one["failed"], silent["failed"]) == (False, True)
    assert (silent["pkts_toserver"], silent["pkts_toclient"]) == (20, 0)
    assert (echo["icmp_type"], echo["icmp_code"], echo["src_port"]) == (3, 3, 0)
    assert one["community_id"].startswith("1:")
    lines = [line.split(",")[::-1] for line in (ARGUS + CALL).replace("\n", ",\n").splitlines()]
    raw = "".join("\t".join(cell for cell in line if cell != "\n") + "\n" for line in lines).encode()
    assert opened(raw)[0]["flow"] == opened((ARGUS + CALL).encode())[0]["flow"]


RA_5 = """StartTime,Flgs,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotPkts,TotBytes,State
05/28.20:26:35.000000, e        ,tcp,10.1.0.5,50000, ->,203.0.113.9,443,7,2078,FIN
05/28.20:26:35.210000, e        ,tcp,10.1.0.5,50009, ->,203.0.113.9,22,1,54,REQ
05/28.20:26:35.220000, e        ,udp,10.1.0.5,40000,<->,10.1.0.1,53,2,128,CON
"""
"""What ra 5.0.2 says by itself (ra -n -c ,) of packets that were made: without a year, without a side's bytes."""


@pytest.mark.parametrize(("written", "year"), [("2026-05-28T21:00", 2026), ("2026-01-03T00:00", 2025)])
def test_flows_as_ra_writes_them_by_itself(tmp_path, engine, written, year):
    path = tmp_path / "x.csv"
    path.write_text(RA_5)
    os.utime(path, (datetime.fromisoformat(f"{written}+00:00").timestamp(),) * 2)
    (batch,) = open_path(path, sensor="a", work=tmp_path / "w", homes=HOMES, engine=engine)
    flows = batch.tables["flow"].to_pylist()
    assert batch.refused == 0
    assert [str(flow["ts"]) for flow in flows][:2] == [f"{year}-05-28 20:26:35", f"{year}-05-28 20:26:35.210000"]
    assert [(flow["dst_port"], flow["failed"]) for flow in flows[:2]] == [(443, False), (22, True)]


@pytest.mark.parametrize("version", [3, 4, 5])
def test_argus_own_form_is_told_from_nothing(tmp_path, engine, version):
    path = tmp_path / "x.argus"
    path.write_bytes(bytes([0x80 | version]) + b"\x10\x00\x20" + bytes(200))
    with pytest.raises(SourceBroken, match="ra -n -u -c"):
        list(open_path(path, sensor="a", work=tmp_path / "w", homes=HOMES, engine=engine))


def test_a_sensor_s_statistics_do_not_say_when_the_network_was_seen(tmp_path, engine, event):
    stats = {"timestamp": "2036-01-01T00:00:00.0Z", "event_type": "stats", "stats": {"uptime": 1}}
    path = tmp_path / "eve.json"
    path.write_bytes(jsonl(event("dns", dns={"type": "query", "rrname": "x.dk"}), stats))
    with ColumnStore.open(tmp_path / "store", StoreLimits(age_days_max=None)) as store:
        for b in open_path(path, sensor="a", work=tmp_path / "w", homes=HOMES, engine=engine):
            store.append(b.source, b.mark, b.tables)
        found = store.stats()
    assert found.network_us == (1_795_536_000_123_456, 1_795_536_000_123_456)
    assert found.network_us[1] < found.newest_us


@pytest.mark.slow
@pytest.mark.data
def test_bytes_of_real_logs_changed_at_random_cost_lines_only(tmp_path, engine, data):
    dice = random.Random(10)
    files = sorted(path for more in ("captures", "captures2") for path in (data / more).rglob("*.gz"))
    logs = [path for path in files if not {"pcap", "timing"} & set(path.parts)]
    for path in dice.sample(logs, 12):
        raw = bytearray(gzip.decompress(path.read_bytes())[:200_000])
        if raw.count(b"\n") < 40:
            continue  # so few lines that none may be left as it was
        for _ in range(20):
            raw[dice.randrange(len(raw) // 4, len(raw))] = dice.randrange(256)
        changed = tmp_path / path.name.removesuffix(".gz")
        changed.write_bytes(raw)
        known = recognise(changed)
        assert known.kind == recognise(path).kind
        batches = list(open_path(changed, sensor="a", work=tmp_path / "w", homes=HOMES, engine=engine))
        lines, refused = sum(b.lines for b in batches), sum(b.refused for b in batches)
        assert known.kind == "other zeek" or lines
        assert refused <= 60


@pytest.mark.data
def test_no_log_of_the_field_is_refused_whole(tmp_path, engine, data):
    for more in ("captures", "captures2"):
        for path in sorted((data / more).rglob("*.gz")):
            if "pcap" in path.parts or "timing" in path.parts:
                continue
            assert recognise(path).kind in ("zeek", "other zeek", "eve", "argus"), path.name
