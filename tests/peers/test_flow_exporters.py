"""Other people's exporters: pmacct (NetFlow v5 and v9, IPFIX, sFlow) reads a capture, fprobe real connections; each row
is what the packets were."""

import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from bavn.actor.sense.flows.netflow import netflow
from bavn.actor.sense.flows.receiver import LOOPBACK
from bavn.actor.sense.flows.sflow import sflow
from tests.actor.sense.test_sense_softflowd import Ahead
from tests.app.test_zone_service import free_port
from tests.conftest import find_program
from tests.peers.program import running

pytestmark = pytest.mark.slow
CLIENT, SERVER = "10.1.0.5", "203.0.113.9"
WAIT_S = 60
TALK = [("S", 0), ("SA", 0), ("A", 0), ("PA", 500), ("PA", 1200), ("FA", 0), ("FA", 0)]
FROM_SERVER = (1, 4, 6)


def packets():
    """Three connections that went well, one that nobody answered, one look-up."""
    ethernet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    for n in range(3):
        for at, (flags, size) in enumerate(TALK):
            ends = ((SERVER, CLIENT), (443, 50_000 + n)) if at in FROM_SERVER else ((CLIENT, SERVER), (50_000 + n, 443))
            (source, to), (sport, dport) = ends
            yield ethernet / IP(src=source, dst=to) / TCP(sport=sport, dport=dport, flags=flags) / bytes(size)
    yield ethernet / IP(src=CLIENT, dst=SERVER) / TCP(sport=50_009, dport=22, flags="S")
    query = DNS(qd=DNSQR(qname="x.dk"))
    yield ethernet / IP(src=CLIENT, dst="10.1.0.1") / UDP(sport=40_000, dport=53) / query
    yield ethernet / IP(src="10.1.0.1", dst=CLIENT) / UDP(sport=53, dport=40_000) / query


def capture(path):
    made, now = list(packets()), time.time() - 5
    for at, packet in enumerate(made):
        packet.time = now + at * 0.01
    wrpcap(str(path), made)


class Collector:
    """A node's collector on a port of its own, and its rows."""

    def __init__(self, folder, engine, make):
        self.clock, self.port = Ahead(), free_port()
        self.source = make(
            name="flows",
            sensor="made",
            listen=f"127.0.0.1:{self.port}",
            exporters=LOOPBACK,
            folder=folder / "spool",
            clock=self.clock,
            engine=engine,
        )
        self.refused = 0
        assert list(self.source.poll()) == []

    def rows(self, wanted):
        rows, end = [], time.monotonic() + WAIT_S
        while len(rows) < wanted:
            assert time.monotonic() < end, (rows, self.source.counts())
            time.sleep(0.3)
            self.clock.ahead_s += 15
            for batch in self.source.poll():
                self.refused += batch.refused
                rows += batch.tables["flow"].to_pylist() if "flow" in batch.tables else []
        return rows


@contextmanager
def collecting(folder, engine, make=netflow):
    made = Collector(folder, engine, make)
    try:
        yield made
        assert {loss.count for loss in made.source.losses()} == {0}
        assert made.refused == 0
    finally:
        made.source.close()


def told(rows):
    return sorted(
        (r["src_port"], r["dst_port"], r["proto"], r["failed"], r["pkts_toserver"], r["pkts_toclient"]) for r in rows
    )


def exported(folder, plugin, *settings):
    """pmacctd over the capture, with one plugin; ends with it."""
    capture(folder / "some.pcap")
    (folder / "pmacct.conf").write_text(
        "\n".join(
            [
                "daemonize: false",
                f"pcap_savefile: {folder}/some.pcap",
                f"plugins: {plugin}[bavn]",
                *settings,
                "",
            ]
        )
    )
    command = [find_program("pmacctd"), "-f", str(folder / "pmacct.conf")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=WAIT_S, stdin=subprocess.DEVNULL, check=False
    )
    print(done.stdout[-3000:], done.stderr[-3000:])


@pytest.mark.pmacctd
@pytest.mark.parametrize("version", [5, 9, 10])
def test_pmacct_tells_of_a_capture_by_netflow_and_ipfix(tmp_path, engine, version) -> None:
    with collecting(tmp_path, engine) as collector:
        exported(
            tmp_path,
            "nfprobe",
            f"nfprobe_receiver: 127.0.0.1:{collector.port}",
            f"nfprobe_version: {version}",
            "aggregate: src_host, dst_host, src_port, dst_port, proto, tos, tcpflags",
        )
        rows = collector.rows(5)
    web = [(50_000 + n, 443, "tcp", False, 4, 3) for n in range(3)]
    assert told(rows) == [(40_000, 53, "udp", False, 1, 1), *web, (50_009, 22, "tcp", True, 1, 0)]
    assert {r["bytes_toserver"] for r in rows if r["dst_port"] == 443} == {4 * 40 + 500}


@pytest.mark.pmacctd
def test_pmacct_tells_of_a_capture_by_sflow(tmp_path, engine) -> None:
    """Every packet is a sample: what it tells of is what the capture held."""
    with collecting(tmp_path, engine, sflow) as collector:
        exported(
            tmp_path,
            "sfprobe",
            f"sfprobe_receiver: 127.0.0.1:{collector.port}",
            "sampling_rate: 1",
            "sfprobe_agentip: 127.0.0.1",
        )
        rows = collector.rows(5)
    web = [(50_000 + n, 443, "tcp", False, 4, 3) for n in range(3)]
    assert [row[:3] + row[4:] for row in told(rows)] == [
        row[:3] + row[4:] for row in [(40_000, 53, "udp", False, 1, 1), *web, (50_009, 22, "tcp", True, 1, 0)]
    ]


@pytest.mark.fprobe
@pytest.mark.netns
def test_fprobe_tells_of_real_connections(tmp_path, engine) -> None:
    here = f"127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 77}"
    with collecting(tmp_path, engine) as collector, socket.create_server((here, 443)) as server:
        words = (
            "-i",
            "lo",
            "-p",
            "-f",
            f"tcp port 443 and host {here}",
            "-s",
            "1",
            "-d",
            "1",
            "-e",
            "5",
            "-l",
            "2:bavn",
        )
        with running("fprobe", *words, f"127.0.0.1:{collector.port}") as probe:
            time.sleep(1)
            assert probe.alive(), probe.said()
            talk(server, here, 3)
            rows = collector.rows(3)
    assert {(r["dst_port"], r["proto"], r["failed"]) for r in rows} == {(443, "tcp", False)}
    assert len(rows) == 3
    assert all(r["bytes_toserver"] >= 700 and r["bytes_toclient"] >= 2000 for r in rows)


def talk(server, here, times):
    """Real connections over loopback: 700 bytes there, 2,000 back."""

    def serve():
        for _ in range(times):
            line, _ = server.accept()
            with line:
                assert len(line.recv(700, socket.MSG_WAITALL)) == 700
                line.sendall(bytes(2000))

    thread = threading.Thread(target=serve)
    thread.start()
    for _ in range(times):
        with socket.create_connection((here, 443)) as line:
            line.sendall(bytes(700))
            line.recv(2000, socket.MSG_WAITALL)
    thread.join()
