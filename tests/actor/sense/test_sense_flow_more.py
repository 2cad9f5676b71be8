"""Exporters that need more than a datagram: IPFIX over TCP, sampling that nobody says, one flow told by two routers."""

import contextlib
import socket
import struct
from collections import deque
from itertools import pairwise
from types import SimpleNamespace

import pytest
from collecting import BOOT_MS, NOW_MS, Collecting
from exporters import IPFIX_FIELDS, answered, chunk, ipfix, ipfix_record, one, template, v5
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.flows import streams as flow_streams
from bavn.actor.sense.flows.exporters import Rates
from bavn.actor.sense.flows.receiver import LOOPBACK, Allowed, Receiver
from bavn.actor.sense.flows.spool import DATAGRAM, SpoolReader, SpoolWriter, Spot
from bavn.actor.sense.flows.streams import Streams, _Talk, ipfix_messages, listening
from bavn.model.settings import SettingsError
from tests.waiting import until

DEADLINE_S = 30
CLIENT, SERVER = "10.1.0.5", "203.0.113.9"


def over_both(folder):
    """At a port that is free for UDP and TCP: the one that UDP gets may be somebody's over TCP."""
    for _ in range(20):
        with contextlib.suppress(SourceBroken):
            return Receiver(
                ("127.0.0.1", 0), Allowed(LOOPBACK, "x"), folder, Clock(), spool_bytes_max=1 << 30, streams=True
            )
    raise AssertionError("no port is free for both")


def message(n):
    flow = one(CLIENT, SERVER, 40_000 + n, 443, first_ms=NOW_MS, last_ms=NOW_MS)
    sets = [chunk(2, template(260, IPFIX_FIELDS)), chunk(260, ipfix_record(flow))]
    return ipfix(sets, now_ms=NOW_MS, sequence=n)


class Clock:
    def now_us(self):
        return NOW_MS * 1000


def test_a_port_that_cannot_be_had_over_tcp_is_let_go_of_over_udp_too(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = taken.getsockname()
        with pytest.raises(SourceBroken, match="nothing can be received") as failed:
            Receiver(at, Allowed(LOOPBACK, "x"), tmp_path, Clock(), spool_bytes_max=1 << 30, streams=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(at)
    assert failed.value.__cause__ is not None


@pytest.mark.slow
def test_messages_over_tcp_are_spooled_as_datagrams_are(tmp_path) -> None:
    got = over_both(tmp_path)
    sent = [message(n) for n in range(5)]
    with socket.create_connection(("127.0.0.1", got.port)) as exporter:
        whole = b"".join(sent)
        for at in range(0, len(whole), 37):
            exporter.sendall(whole[at : at + 37])
        until(lambda: got.received == 5)
        assert got.connections == 1
        got.close()
    SpoolWriter(tmp_path, 1).close()
    assert [frame.data for frame, _ in SpoolReader(tmp_path, Spot(0, 0))._next() if frame.kind == DATAGRAM] == sent


def test_who_may_not_send_is_not_let_in() -> None:
    ears = Streams(listening(("127.0.0.1", 0)), lambda _: True, ipfix_messages)
    with socket.create_connection(ears._listening.getsockname()) as stranger:
        stranger.settimeout(DEADLINE_S)
        assert stranger.recv(1) == b""
    assert (ears.strangers, ears.take()) == (1, [])
    ears.close()


@pytest.mark.slow
def test_connections_are_bounded_and_a_half_message_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(flow_streams, "CONNECTIONS_MAX", 1)
    clock = [0.0]
    ears = Streams(listening(("127.0.0.1", 0)), lambda _: False, ipfix_messages, tick=lambda: clock[0])
    at = ears._listening.getsockname()
    with socket.create_connection(at) as first:
        until(lambda: ears.connections)
        with socket.create_connection(at) as second:
            second.settimeout(DEADLINE_S)
            assert second.recv(1) == b""
        first.sendall(message(1)[:10])
        until(lambda: any(talk.part for talk in ears._talks.values()))
        clock[0] = flow_streams.HALF_S_MAX + 1
        first.settimeout(DEADLINE_S)
        assert first.recv(1) == b""
    assert ears.refused == 1
    ears.close()


class Fed:
    """A connection that gives what it was given, in these pieces."""

    def __init__(self, pieces):
        self.pieces = list(pieces)

    def recv(self, _):
        return self.pieces.pop(0) if self.pieces else b""

    def fileno(self):
        return 7

    def close(self):
        pass


def cut(data, at):
    cuts = sorted({0, len(data), *(point % (len(data) + 1) for point in at)})
    return [data[a:b] for a, b in pairwise(cuts)]


def heard(pieces):
    ears = Streams.__new__(Streams)
    talk = _Talk(Fed(pieces), "10.0.0.1", 0.0)
    ears._taken, ears._talks, ears._tick = deque(), {7: talk}, lambda: 0.0
    ears._cut = ipfix_messages
    ears._choose = SimpleNamespace(unregister=lambda _: None)
    while ears._talks:
        ears._read(talk)
    return [data for data, _ in ears.take()]


@given(st.lists(st.integers(0, 200), max_size=4), st.lists(st.integers(0, 1 << 16), max_size=12))
def test_however_it_is_cut_the_messages_are_the_same(sizes, at) -> None:
    sent = [struct.pack("!HH", 10, 16 + size) + bytes(12 + size) for size in sizes]
    assert heard(cut(b"".join(sent), at)) == sent


@given(st.binary(max_size=300), st.lists(st.integers(0, 1 << 16), max_size=5))
def test_rubbish_ends_the_connection_and_is_handed_on_to_be_refused(data, at) -> None:
    taken = heard(cut(data, at))
    assert sum(map(len, taken)) <= len(data)
    assert bool(taken) == bool(data)


def test_an_exporter_that_does_not_say_how_it_samples_is_told_of(tmp_path, engine) -> None:
    made = Collecting(tmp_path, engine)
    made.source._known.decoder._rates = Rates(("10.0.0.0/8=10", "10.0.0.1=100"))
    for port, said in ((5000, 0), (6000, 7)):
        flow = one(CLIENT, SERVER, port, 443, size=60, pkts=1, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
        made.send(v5([flow], boot_ms=BOOT_MS, now_ms=NOW_MS, sampling=said))
    made.settled()
    found = {row["src_port"]: (row["sampling"], row["bytes_toserver"]) for row in made.rows()}
    assert found == {5000: (100, 6000), 6000: (7, 420)}


@pytest.mark.parametrize("given", ["10.0.0.1", "10.0.0.1=0", "10.0.0.1=many", "router=5", "=5", "10.0.0.1=99999999"])
def test_a_rate_that_is_none_is_the_operators_to_mend(given) -> None:
    with pytest.raises(SettingsError, match="flow_sampling must be"):
        Rates((given,))


def test_what_two_exporters_tell_is_counted(tmp_path, engine) -> None:
    made = Collecting(tmp_path, engine)
    same = v5(answered(CLIENT, SERVER, 5000, 443, at_ms=NOW_MS - 5000), boot_ms=BOOT_MS, now_ms=NOW_MS)
    other = v5(answered(CLIENT, SERVER, 6000, 443, at_ms=NOW_MS - 5000), boot_ms=BOOT_MS, now_ms=NOW_MS, sequence=2)
    made.send(same, other).send(same, sender="10.0.0.2").settled()
    assert len(made.rows()) == 3
    assert made.source.counts()["told_twice_flows"] == 1
