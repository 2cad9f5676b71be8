"""A real exporter: softflowd reads a capture and tells of it, in each protocol it knows."""

import shutil
import socket
import subprocess
import time

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from bavn.actor.sense.flows.netflow import netflow
from bavn.actor.sense.flows.receiver import LOOPBACK

SOFTFLOWD = shutil.which("softflowd") or shutil.which("softflowd", path="/usr/sbin")
CLIENT, SERVER = "10.1.0.5", "203.0.113.9"


class Ahead:
    """The real clock, moved on by hand: nobody waits for a slot to pass."""

    def __init__(self):
        self.ahead_s = 0

    def now_us(self):
        return time.time_ns() // 1000 + self.ahead_s * 1_000_000


def capture(path):
    """Three connections that went well, one that nobody answered, one look-up."""
    made = []
    for n in range(3):
        for sender, receiver, sport, dport, flags, size in (
            (CLIENT, SERVER, 50_000 + n, 443, "S", 0),
            (SERVER, CLIENT, 443, 50_000 + n, "SA", 0),
            (CLIENT, SERVER, 50_000 + n, 443, "A", 0),
            (CLIENT, SERVER, 50_000 + n, 443, "PA", 500),
            (SERVER, CLIENT, 443, 50_000 + n, "PA", 1200),
            (CLIENT, SERVER, 50_000 + n, 443, "FA", 0),
            (SERVER, CLIENT, 443, 50_000 + n, "FA", 0),
        ):
            made.append(
                Ether() / IP(src=sender, dst=receiver) / TCP(sport=sport, dport=dport, flags=flags) / bytes(size)
            )
    made.append(Ether() / IP(src=CLIENT, dst=SERVER) / TCP(sport=50_009, dport=22, flags="S"))
    for sender, receiver, sport, dport in ((CLIENT, "10.1.0.1", 40_000, 53), ("10.1.0.1", CLIENT, 53, 40_000)):
        made.append(
            Ether() / IP(src=sender, dst=receiver) / UDP(sport=sport, dport=dport) / DNS(qd=DNSQR(qname="x.dk"))
        )
    now = time.time() - 5
    for at, packet in enumerate(made):
        packet.time = now + at * 0.01
    wrpcap(str(path), made)


def free_port() -> int:
    """Two of these tests may run at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.slow
@pytest.mark.softflowd
@pytest.mark.parametrize("version", [("5",), ("9",), ("10",), ("10", "-b")], ids=["v5", "v9", "ipfix", "biflow"])
def test_what_softflowd_tells_of_a_capture(tmp_path, engine, version) -> None:
    capture(tmp_path / "some.pcap")
    clock, listen = Ahead(), f"127.0.0.1:{free_port()}"
    source = netflow(
        name="netflow",
        sensor="made",
        listen=listen,
        exporters=LOOPBACK,
        folder=tmp_path / "spool",
        clock=clock,
        engine=engine,
    )
    try:
        assert list(source.poll()) == []
        said = ("-r", str(tmp_path / "some.pcap"), "-n", listen, "-v", *version, "-d")
        subprocess.run([SOFTFLOWD, *said], check=True, capture_output=True, timeout=30)
        rows, end = [], time.monotonic() + 30
        while len(rows) < 5 and time.monotonic() < end:
            time.sleep(0.6)
            clock.ahead_s += 15
            for batch in source.poll():
                assert batch.refused == 0
                rows += batch.tables["flow"].to_pylist() if "flow" in batch.tables else []
        assert {loss.count for loss in source.losses()} == {0}
    finally:
        source.close()
    told = sorted(
        (r["src_port"], r["dst_port"], r["proto"], r["failed"], r["pkts_toserver"], r["pkts_toclient"]) for r in rows
    )
    web = [(50_000 + n, 443, "tcp", False, 4, 3) for n in range(3)]
    assert told == [(40_000, 53, "udp", False, 1, 1), *web, (50_009, 22, "tcp", True, 1, 0)]
    assert {r["bytes_toserver"] for r in rows if r["dst_port"] == 443} == {4 * 40 + 500}
