"""Suricata on a real interface in a network of its own: rotation under load, datasets, restarts."""

import base64
import contextlib
import os
import subprocess
import warnings

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata_config import SuricataConfig
from bavn.actor.sense.suricata_live import SuricataLive
from bavn.actor.sense.suricata_socket import SuricataRefused

pytestmark = [pytest.mark.suricata, pytest.mark.netns, pytest.mark.slow]
LOOKUPS = 600


@pytest.fixture
def wire():
    """Two ends of a cable: Suricata listens on one, packets are put on the other."""
    one, two = f"bvs{os.getpid()}a", f"bvs{os.getpid()}b"  # workers make theirs side by side
    subprocess.run(["ip", "link", "add", one, "mtu", "1600", "type", "veth", "peer", "name", two], check=True)
    for end in (one, two):
        subprocess.run(["ip", "link", "set", end, "up"], check=True)
    yield one, two
    subprocess.run(["ip", "link", "del", one], check=True)


def put_lookups(interface, first, count):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.all import DNS, DNSQR, IP, UDP, Ether, conf

    sender = conf.L2socket(iface=interface)
    for n in range(first, first + count):
        ends = IP(src="10.0.0.1", dst="10.0.0.53") / UDP(sport=10000 + n, dport=53)
        packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ends
        sender.send(packet / DNS(id=n, qd=DNSQR(qname=f"Host{n}.example.dk")))
    sender.close()


@pytest.fixture
def open_live(tmp_path, engine):
    """Makes sources that are closed whatever happens."""
    with contextlib.ExitStack() as stack:

        def made(interface, **more):
            source = SuricataLive(
                name="live", sensor="s", interface=interface, folder=tmp_path / "run", engine=engine, **more
            )
            stack.callback(source.close)
            return source

        yield made


class Reader:
    """Polls until what it waits for is there; waiting is on Suricata's own process, not on a clock."""

    def __init__(self, source):
        self.source = source
        self.rows: dict[str, list[dict]] = {}
        self.mark = None
        self.rotated = 0

    def poll(self):
        for batch in self.source.poll():
            for record, table in batch.tables.items():
                self.rows.setdefault(record, []).extend(table.to_pylist())
            self.mark = batch.mark
            self.source.acknowledge(batch.mark)
            assert batch.refused == 0, batch.refusals
        self.rotated = max([self.rotated, *(int(path.suffix[1:]) for path in self.source._rotated())])

    def until(self, done, polls=300):
        for _ in range(polls):
            self.poll()
            if done():
                return
            assert self.source._process.ended(0.1) is None
        raise AssertionError({record: len(found) for record, found in self.rows.items()})

    def names(self):
        return [row["rrname"] for row in self.rows.get("dns", [])]


def test_nothing_is_lost_over_rotations_and_a_restart(wire, tmp_path, open_live):
    rules = tmp_path / "own.rules"
    rules.write_text(
        'alert dns any any -> any any (msg:"known"; dns.query; to_lowercase; '
        "dataset:isset,bavn-domains,type string,state bavn-domains.lst; sid:1000001; rev:1;)\n"
    )
    config = SuricataConfig(rule_files=(rules,), dataset_dir=tmp_path / "sets", threads=1, stats_interval_s=1)

    def live(mark=None):
        return open_live(wire[0], config=config, mark=mark, rotate_bytes=15_000)

    source = live()
    assert source.wait_started(60)
    reader = Reader(source)
    assert source.commands.ask("ruleset-failed-rules") == []
    known = {
        "setname": "bavn-domains",
        "settype": "string",
        "datavalue": base64.b64encode(b"host7.example.dk").decode(),
    }
    source.commands.ask("dataset-add", **known)
    source.commands.ask("dataset-lookup", **known)
    with pytest.raises(SuricataRefused):
        source.commands.ask("dataset-add", **{**known, "setname": "nonesuch"})
    half = LOOKUPS // 2
    for first in range(0, half, 50):
        put_lookups(wire[1], first, 50)
        reader.until(lambda upto=first + 50: len(reader.names()) >= upto)
    assert reader.rotated > 2
    assert len(source._rotated()) <= 2, "files that are kept in whole are deleted"
    assert [row["signature"] for row in reader.rows["alert"]] == ["known"]
    source.commands.ask("reload-rules")
    source.commands.ask("dataset-lookup", **known)
    reader.until(lambda: reader.rows.get("stats", [{"capture_packets": 0}])[-1]["capture_packets"] >= half)
    source.close()
    assert (tmp_path / "sets" / "bavn-domains.lst").exists()

    reader.source = source = live(reader.mark)
    assert source.wait_started(60)
    put_lookups(wire[1], half, half)
    reader.until(lambda: len(reader.names()) >= LOOKUPS and len(reader.rows.get("flow", [])) >= half)
    source.close()
    assert sorted(reader.names()) == sorted(f"host{n}.example.dk" for n in range(LOOKUPS))


def test_one_that_was_killed_is_said_and_started_again(wire, open_live):
    source = open_live(wire[0], config=SuricataConfig(threads=1))
    assert source.wait_started(60)
    source._process._process.kill()
    assert source._process.ended(30) == -9
    with pytest.raises(SourceBroken, match="ended with status -9"):
        list(source.poll())
    list(source.poll())
    assert source.wait_started(60)
    source.close()
    source.close()


def test_a_backlog_beyond_its_bound_is_deleted_and_said(tmp_path, open_live, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    for n in range(1, 4):
        (folder / f"eve.json.{n:06}").write_bytes(b'{"event_type":"x","timestamp":"2026-01-01T00:00:00Z"}\n' * 100)
    source = open_live("lo", backlog_bytes_max=12_000)
    monkeypatch.setattr(source, "_start", lambda: None)
    batches = list(source.poll())
    assert ["deleted unread" in r.reason for batch in batches for r in batch.refusals] == [True]
    assert sorted(path.name for path in folder.iterdir()) == ["eve.json.000003"]
    source.close()
