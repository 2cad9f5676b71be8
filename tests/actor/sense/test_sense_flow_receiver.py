"""Datagrams over real sockets on loopback: who may send, what is counted, and a process that is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from ipaddress import ip_network

import pytest
from collecting import BOOT_MS, NOW_MS
from exporters import one, v5

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.flows.netflow import netflow
from bavn.actor.sense.flows.receiver import LOOPBACK, Allowed, Receiver, listen_at
from bavn.actor.sense.flows.spool import DATAGRAM, SLOT_US, STRANGERS, SpoolReader, SpoolWriter, Spot
from bavn.model.record import address_uuid
from bavn.model.settings import SettingsError
from tests.waiting import until


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.us = NOW_MS * 1000

    def now_us(self):
        return self.us


def flow(port):
    return v5(
        [one("10.1.0.5", "203.0.113.9", port, 443, first_ms=NOW_MS, last_ms=NOW_MS)],
        boot_ms=BOOT_MS,
        now_ms=NOW_MS,
        sequence=port,
    )


@pytest.fixture
def receiver(tmp_path):
    made = []

    def make(*allowed, spool_bytes_max=1 << 30, clock=None):
        one_more = Receiver(
            ("127.0.0.1", 0),
            Allowed(allowed, "flow_exporters"),
            tmp_path,
            clock or Hand(),
            spool_bytes_max=spool_bytes_max,
        )
        made.append(one_more)
        return one_more

    yield make
    for one_more in made:
        one_more.close()


@pytest.mark.slow
def test_what_comes_is_in_the_spool_with_its_sender(receiver, tmp_path) -> None:
    got = receiver(*LOOPBACK)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for port in range(50):
            sock.sendto(flow(port), ("127.0.0.1", got.port))
    until(lambda: got.received == 50)
    got.close()
    SpoolWriter(tmp_path, 1).close()
    frames = [frame for frame, _ in SpoolReader(tmp_path, Spot(0, 0))._next() if frame.kind == DATAGRAM]
    assert [frame.data for frame in frames] == [flow(port) for port in range(50)]
    assert {frame.address for frame in frames} == {address_uuid("127.0.0.1").bytes}


@pytest.mark.slow
def test_a_stranger_is_counted_and_not_kept(receiver, tmp_path) -> None:
    clock = Hand()
    got = receiver("10.0.0.0/8", clock=clock)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for port in range(7):
            sock.sendto(flow(port), ("127.0.0.1", got.port))
    until(lambda: got.strangers == 7)
    clock.us += SLOT_US

    def told():
        return [f for f, _ in SpoolReader(tmp_path, Spot(0, 0))._next() if f.kind == STRANGERS]

    assert [frame.count for frame in until(told)] == [7]
    assert got.received == 0
    assert not any(f.kind == DATAGRAM for f, _ in SpoolReader(tmp_path, Spot(0, 0))._next())


@pytest.mark.slow
def test_a_full_spool_is_a_loss_that_is_counted(receiver) -> None:
    clock = Hand()
    got = receiver(*LOOPBACK, spool_bytes_max=1, clock=clock)
    clock.us += SLOT_US  # it looks at the room at the beginning of a slot
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for port in range(5):
            sock.sendto(flow(port), ("127.0.0.1", got.port))
    until(lambda: got.received == 5)
    clock.us += SLOT_US
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        until(lambda: sock.sendto(flow(9), ("127.0.0.1", got.port)) and got.queue_full)


@pytest.mark.parametrize("given", ["2055", "router:2055", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", ""])
def test_where_to_listen_is_an_address_and_a_port(given) -> None:
    with pytest.raises(SettingsError, match="netflow_listen"):
        listen_at(given, "netflow_listen")


def test_where_to_listen_and_who_may_send() -> None:
    assert listen_at("0.0.0.0:2055", "x") == ("0.0.0.0", 2055)
    assert listen_at("[::]:2055", "x") == ("::", 2055)
    allowed = Allowed(("10.1.0.0/16", "2001:db8::/32"), "flow_exporters")
    assert allowed.stored("10.1.2.3") == address_uuid("10.1.2.3").bytes
    assert allowed.stored("::ffff:10.1.2.3") == address_uuid("10.1.2.3").bytes
    assert allowed.stored("10.2.2.3") is None
    assert allowed.stored("2001:db8::9%eth0") == address_uuid("2001:db8::9").bytes
    with pytest.raises(SettingsError, match="flow_exporters"):
        Allowed(("nowhere",), "flow_exporters")
    assert all(ip_network(text) for text in LOOPBACK)


@pytest.mark.slow
def test_an_address_that_is_taken_is_the_operators_to_mend(receiver, tmp_path, engine) -> None:
    got = receiver(*LOOPBACK)
    source = netflow(
        name="netflow",
        sensor="made",
        listen=f"127.0.0.1:{got.port}",
        exporters=LOOPBACK,
        folder=tmp_path / "other",
        clock=Hand(),
        engine=engine,
    )
    with pytest.raises(SourceBroken, match="nothing can be received at"):
        next(source.poll())
    source.close()


WORKER = """
import json, sys, time
from pathlib import Path
from bavn.actor.sense.flows.netflow import netflow
from bavn.actor.store.columns import ColumnStore

class Wall:
    def now_us(self): return time.time_ns() // 1000 * 30  # a slot takes half a second

folder = Path(sys.argv[1])
with ColumnStore.open(folder / "store") as store:
    source = netflow(name="netflow", sensor="made", listen=sys.argv[2], exporters=("127.0.0.0/8",),
                     folder=folder / "netflow", clock=Wall(), mark=store.mark("netflow"))
    while True:
        for batch in source.poll():
            store.append(batch.source, batch.mark, batch.tables)
            source.acknowledge(batch.mark)
        print(json.dumps([source.port, source._receiver.received]), flush=True)
        time.sleep(0.02)
"""


@pytest.mark.slow
def test_kill_9_loses_and_doubles_nothing_that_was_taken(tmp_path) -> None:
    """What the process had taken off its socket when it was killed is in the store in the end, once."""
    from bavn.actor.store.columns import ColumnStore

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        at = free.getsockname()
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(4):
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER, str(tmp_path), f"127.0.0.1:{at[1]}"], stdout=subprocess.PIPE, text=True
            )
            process.stdout.readline()
            begin = sent
            for _ in range(200):
                sock.sendto(flow(sent), at)
                sent += 1
                time.sleep(0.002)
            while json.loads(process.stdout.readline())[1] < sent - begin:
                pass
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), f"127.0.0.1:{at[1]}"], stdout=subprocess.DEVNULL
        )
        time.sleep(6)
        process.kill()
        process.wait()
    with ColumnStore.open(tmp_path / "store") as store, store.window(0, 2**60) as window:
        ports = [row[0] for row in window.rows("SELECT src_port FROM flow ORDER BY src_port")]
    assert ports == list(range(sent))
