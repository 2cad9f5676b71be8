"""All real captures and logs: read without a crash, every line counted, against counts made independently."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.recognise import recognise
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.run import run_over
from bavn.actor.sense.zeek.fields import RECORD_OF

pytestmark = pytest.mark.data
HOMES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@pytest.fixture
def opened(tmp_path, engine):
    def run(path):
        batches = list(open_path(path, sensor="a", work=tmp_path / "work", homes=HOMES, engine=engine))
        rows: Counter[str] = Counter()
        for batch in batches:
            rows.update({record: table.num_rows for record, table in batch.tables.items()})
        return batches, rows

    return run


def text_of(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


@pytest.mark.slow
def test_every_log_of_zeek_s(data, opened):
    seen: Counter[str] = Counter()
    for path in sorted((data / "captures" / "zeek").rglob("*.gz")):
        found = recognise(path)
        if found.kind != "zeek":
            assert found.kind == "other zeek", path
            continue
        seen[found.log] += 1
        lines = text_of(path).splitlines()
        remarks = sum(line.startswith(b"#") or not line.strip() for line in lines)
        batches, rows = opened(path)
        assert sum(batch.lines for batch in batches) == len(lines), path
        assert sum(batch.refused for batch in batches) == 0, (path, batches[0].refusals)
        record = RECORD_OF[found.log]
        assert rows == ({record: len(lines) - remarks} if record and len(lines) > remarks else {}), path
    assert set(seen) >= {"conn", "dns", "http", "ssl", "files", "x509", "ssh", "dhcp"}


@pytest.mark.slow
def test_every_eve_file(data, opened):
    for path in sorted((data / "captures" / "eve").iterdir()):
        kinds = Counter(json.loads(line)["event_type"] for line in text_of(path).splitlines())
        batches, rows = opened(path)
        ours = {kind: count for kind, count in kinds.items() if kind != "anomaly"}
        assert rows == ours
        assert sum(batch.refused for batch in batches) == 0
        assert sum(batch.passed for batch in batches) == kinds["anomaly"]


def test_argus_is_known_by_its_head(data):
    for path in sorted((data / "captures" / "argus").iterdir()):
        assert recognise(path).kind == "argus"


BESIDE = {"kex", "clinical"}
"""Records that are read beside Suricata, from the packets."""


def captures(data):
    return sorted(path for path in (data / "captures" / "pcap").rglob("*") if path.is_file())


def one_of_each(paths):
    """Of each folder, which holds one kind of traffic, the smallest; every one of those that are there for their
    protocol."""
    smallest = {}
    for path in paths:
        smallest[path.parent] = min(smallest.get(path.parent, path), path, key=lambda one: one.stat().st_size)
    return [path for path in paths if path in smallest.values() or "protocol-mix" in path.parts]


@pytest.mark.suricata
@pytest.mark.slow
@pytest.mark.parametrize("chosen", [one_of_each, pytest.param(list, marks=pytest.mark.world)])
def test_every_capture(data, opened, tmp_path, chosen):
    """Records against the lines that Suricata wrote, counted by type; smb lines that carry dcerpc are dcerpc's. One
    capture of each kind in each run, all of them in the world's."""
    for path in chosen(captures(data)):
        run = run_over(path, tmp_path / "own", SuricataConfig(homes=HOMES))
        expected: Counter[str] = Counter()
        silent = 0
        for line in run.eve.read_text().splitlines():
            event = json.loads(line)
            kind = event["event_type"]
            if kind == "smb" and "dcerpc" in event["smb"]:
                kind = "dcerpc"
            elif kind == "quic":
                if not {"sni", "ja4", "ja3"} & set(event["quic"]):
                    silent += 1
                    continue
                kind = "tls"
            expected[kind] += 1
        batches, rows = opened(path)
        for record in BESIDE:
            rows.pop(record, None)
        assert rows == expected, path
        assert sum(batch.passed for batch in batches if not BESIDE & set(batch.tables)) == silent, path
        assert sum(batch.refused for batch in batches) == (1 if run.damage else 0), (path, run.damage)


@pytest.mark.suricata
@pytest.mark.slow
def test_captures_give_the_same_rows_each_time(data, opened):
    for path in captures(data)[::12]:
        first, _ = opened(path)
        second, _ = opened(path)
        assert [batch.tables for batch in first] == [batch.tables for batch in second], path
