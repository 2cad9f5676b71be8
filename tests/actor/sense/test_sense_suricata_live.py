"""Suricata on a real interface in a network of its own: rotation under load, datasets, restarts."""

import base64
import contextlib
import os
import signal
import socket
import struct
import subprocess
import time
import warnings

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata.command_socket import SuricataRefused
from bavn.actor.sense.suricata.config import RING_FILE_BYTES_MIN, SuricataConfig
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.actor.sense.suricata.release import SUPPORTED_UNTIL
from tests.conftest import on_each_suricata

pytestmark = [pytest.mark.suricata, pytest.mark.netns, pytest.mark.slow]
LOOKUPS = 600
RING_BYTES = 2 * RING_FILE_BYTES_MIN
BULK = 7000


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
        from scapy.all import DNS, DNSQR, IP, UDP, Ether

    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:  # scapy's own remembers an interface of that name
        sender.bind((interface, 0))
        for n in range(first, first + count):
            ends = IP(src="10.0.0.1", dst="10.0.0.53") / UDP(sport=10000 + n, dport=53)
            packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ends
            sender.send(bytes(packet / DNS(id=n, qd=DNSQR(qname=f"Host{n}.example.dk"))))


def put_bulk(interface):
    """More than the ring holds."""
    payload = b"x" * 1400
    udp = struct.pack("!4H", 20000, 999, 8 + len(payload), 0)
    addresses = bytes([10, 0, 0, 1, 192, 0, 2, 9])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0) + addresses
    frame = bytes.fromhex("020000000002020000000001") + b"\x08\x00" + ip + udp + payload
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((interface, 0))
        for _ in range(BULK):
            sender.send(frame)


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


def began(source, within_s=60):
    """Whether capture has begun; starts Suricata."""
    if source._process is None:
        source._start()
    until = time.monotonic() + within_s
    while not source._process.started() and time.monotonic() < until:
        if source._process.ended(0.1) is not None:
            return False
    return source._process.started()


@on_each_suricata
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
    assert began(source)
    reader = Reader(source)
    assert source.commands.ask("ruleset-failed-rules") == []
    assert source.counts()["suricata_release"] in SUPPORTED_UNTIL
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
    assert began(source)
    put_lookups(wire[1], half, half)
    reader.until(lambda: len(reader.names()) >= LOOKUPS and len(reader.rows.get("flow", [])) >= half)
    source.close()
    assert sorted(reader.names()) == sorted(f"host{n}.example.dk" for n in range(LOOKUPS))


def test_one_that_was_killed_is_said_and_started_again(wire, open_live):
    now = [0.0]
    source = open_live(wire[0], config=SuricataConfig(threads=1), tick=lambda: now[0])
    assert began(source)
    for wait_s in (1, 2, 4):
        source._process._process.kill()
        assert source._process.ended(30) == -9
        for _ in range(2):
            with pytest.raises(SourceBroken, match=f"ended with status -9.*started again after {wait_s} s"):
                list(source.poll())
            assert not source.running()
        now[0] += wait_s
        list(source.poll())
        assert began(source)
        assert source.running()
    now[0] += 61
    source._process._process.kill()
    source._process.ended(30)
    with pytest.raises(SourceBroken, match="after 1 s"):
        list(source.poll())
    assert source.counts()["restarts"] == 3
    source.close()
    source.close()


def test_an_interface_that_goes_is_said_and_taken_up_again(wire, open_live):
    source = open_live(wire[0], config=SuricataConfig(threads=1))
    assert began(source)
    subprocess.run(["ip", "link", "del", wire[0]], check=True)
    for _ in range(2):
        with pytest.raises(SourceBroken, match=f"interface '?{wire[0]}"):
            list(source.poll())
    assert not source.running()
    subprocess.run(["ip", "link", "add", wire[0], "type", "veth", "peer", "name", wire[1]], check=True)
    list(source.poll())
    assert began(source)


def test_one_that_hangs_is_said(wire, open_live):
    now = [0.0]
    source = open_live(wire[0], config=SuricataConfig(threads=1, stats_interval_s=1), tick=lambda: now[0])
    assert began(source)
    while not source._tally.seen:
        list(source.poll())
        assert source._process.ended(0.1) is None
    source._process._process.send_signal(signal.SIGSTOP)
    list(source.poll())
    now[0] += 4
    with pytest.raises(SourceBroken, match="does not keep up or hangs"):
        list(source.poll())
    assert source.counts()["silent_s"] == 4
    source._process._process.send_signal(signal.SIGCONT)


def test_what_was_rotated_away_and_not_read_counts_as_behind(tmp_path, open_live, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    line = b'{"event_type":"x","timestamp":"2026-01-01T00:00:00Z","n":%d}\n'
    for n, name in enumerate(("eve.json.000001", "eve.json.000002", "eve.json.000003", "eve.json")):
        (folder / name).write_bytes(line % n * 100)
        os.utime(folder / name, ns=(n * 10**9, n * 10**9))
    source = open_live("lo")
    monkeypatch.setattr(source, "_start", lambda: None)
    size = len(line % 1) * 100
    assert source.lag_bytes() == 4 * size
    batches = source.poll()
    next(batches)
    assert source.lag_bytes() == 3 * size
    taken = sum(batch.lines for batch in batches)
    taken += sum(batch.lines for batch in source.poll())  # what was written to last is left at the second look
    assert taken == 300
    assert source.lag_bytes() == 0


def test_a_backlog_beyond_its_bound_is_deleted_and_said(tmp_path, open_live, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    for n in range(1, 4):
        (folder / f"eve.json.{n:06}").write_bytes(b'{"event_type":"x","timestamp":"2026-01-01T00:00:00Z"}\n' * 100)
    source = open_live("lo", backlog_bytes_max=12_000)
    monkeypatch.setattr(source, "_start", lambda: None)
    batches = list(source.poll())
    assert ["deleted unread" in r.why.en for batch in batches for r in batch.refusals] == [True]
    assert sorted(path.name for path in folder.iterdir()) == ["eve.json.000003"]
    source.close()


@on_each_suricata
def test_the_ring_of_packets_keeps_its_bound_also_over_a_restart(wire, tmp_path, open_live):
    ring = tmp_path / "ring"
    config = SuricataConfig(threads=1, stats_interval_s=1, ring_folder=ring, ring_bytes_max=RING_BYTES)
    for turn in range(2):
        source = open_live(wire[0], config=config)
        assert began(source)
        reader = Reader(source)
        put_bulk(wire[1])
        reader.until(
            lambda rows=reader.rows: rows.get("stats", [{"capture_packets": 0}])[-1]["capture_packets"] >= BULK
        )
        source.close()
        files = sorted(ring.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        assert 1 <= len(files) <= RING_BYTES // RING_FILE_BYTES_MIN, turn
        assert 100_000 < sum(path.stat().st_size for path in files) <= RING_BYTES
        assert all(path.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1" for path in files)
    assert ring.stat().st_mode & 0o077 == 0
