"""Frames are checked against an independent reader: scapy parses them and computes every checksum anew."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import RawPcapReader

from bavn.traffic import talk
from bavn.traffic.capture import Later, write
from bavn.traffic.dice import SeededDice
from bavn.traffic.flows import Flows, flows, with_ports
from bavn.traffic.packets import render

NOW_US = 1_790_000_000_000_000


def read(path):
    return [
        (meta.sec * 1_000_000 + meta.usec, Ether(raw)) for raw, meta in RawPcapReader(io.BytesIO(path.read_bytes()))
    ]


def to_file(batches, tmp_path, name="a.pcap"):
    later = Later()
    for batch in with_ports(batches, 0):
        for frames in render(batch, SeededDice(1, "test")):
            later.add(frames)
    return write(tmp_path / name, name, later.take(2**62))


def checksums_hold(packet) -> bool:
    again = Ether(bytes(packet))
    for layer in (IP, TCP, UDP, ICMP):
        if layer in again:
            del again[layer].chksum
    return bytes(Ether(bytes(again))) == bytes(packet)


def turns(*sizes, fresh=()):
    return [
        talk.Turn(i % 2 == 0, bytes(range(256)) * (n // 256) + bytes(n % 256), fresh=fresh) for i, n in enumerate(sizes)
    ]


SIZES = st.lists(st.integers(0, 5000), max_size=4)


@settings(max_examples=25)
@given(
    sizes=SIZES,
    n=st.integers(1, 4),
    proto=st.sampled_from(["tcp", "udp", "icmp"]),
    v6=st.booleans(),
    ending=st.sampled_from(["fin", "reset", "open"]),
)
def test_every_frame_parses_and_every_checksum_holds(tmp_path_factory, sizes, n, proto, v6, ending) -> None:
    fresh = (talk.Fresh(1, 3, 0),)
    sizes = [max(5, size) for size in sizes] or [7]
    if proto == "tcp":
        made = talk.tcp(443, turns(*sizes, fresh=fresh), ending=ending, pool_bytes=4)
    elif proto == "udp":
        made = talk.udp(53, turns(*[min(size, 1400) for size in sizes], fresh=fresh), pool_bytes=4)
    else:
        made, v6 = talk.ping(bytes(sizes[0] % 1000)), False
    batch = flows(made, NOW_US + np.arange(n) * 1000, 0x0A0A0001 + np.arange(n, dtype=np.uint32), 0x19000001)
    if v6:
        batch = Flows(
            talk=made,
            t_us=batch.t_us,
            client=batch.client,
            server=batch.server,
            rtt_us=batch.rtt_us,
            client_prefix=bytes.fromhex("20010db8000a000000000000"),
            server_prefix=bytes.fromhex("2a05d018000000000000ffff"),
        )
    folder = tmp_path_factory.mktemp("frames")
    done = to_file([batch], folder)
    packets = read(folder / "a.pcap")
    assert len(packets) == done.packets == n * len(made.packets)
    assert all(checksums_hold(packet) for _, packet in packets)
    assert (IPv6 if v6 else IP) in packets[0][1]
    assert [t for t, _ in packets] == sorted(t for t, _ in packets)


def streams(packets):
    """What each side of each flow said, put together by sequence number."""
    said: dict[tuple[str, int, int], dict[int, bytes]] = {}
    first: dict[tuple[str, int, int], int] = {}
    for _, p in packets:
        key = (p[IP].src, p[TCP].sport, p[TCP].dport)
        if p[TCP].flags.S:
            first[key] = p[TCP].seq + 1
        body = bytes(p[TCP].payload)[: p[IP].len - 20 - p[TCP].dataofs * 4]
        if body:
            said.setdefault(key, {})[(p[TCP].seq - first[key]) % 2**32] = body
    joined = {}
    for key, parts in said.items():
        at, whole = 0, b""
        for place in sorted(parts):
            assert place == at
            whole += parts[place]
            at += len(parts[place])
        joined[key] = whole
    return joined


def test_a_tcp_stream_says_its_turns_and_answers_come_a_round_trip_later(tmp_path) -> None:
    fresh = (talk.Fresh(2, 8, 0),)
    said = [talk.Turn(True, b"A" * 600, fresh=fresh), talk.Turn(False, b"B" * 9000), talk.Turn(True, b"C" * 10)]
    made = talk.tcp(443, said, pool_bytes=8)
    to_file([flows(made, np.full(3, NOW_US), 0x0A000001, 0x19000001)], tmp_path)
    whole = streams(read(tmp_path / "a.pcap"))
    out = [whole[key] for key in sorted(whole) if key[0] == "10.0.0.1"]
    back = [whole[key] for key in sorted(whole) if key[0] == "25.0.0.1"]
    assert back == [b"B" * 9000] * 3
    assert len({text[2:10] for text in out}) == 3
    assert {text[:2] + text[10:] for text in out} == {b"A" * 592 + b"C" * 10}
    made = talk.tcp(80, [talk.Turn(True, b"x"), talk.Turn(False, b"y", wait_us=10_000_000)])
    to_file([flows(made, np.array([NOW_US]), 0x0A000001, 0x19000001, rtt_us=50_000)], tmp_path)
    packets = read(tmp_path / "a.pcap")
    assert packets[0][0] == NOW_US
    assert 50_000 <= packets[1][0] - packets[0][0] < 51_000
    reply = next(t for t, p in packets if bytes(p[TCP].payload).startswith(b"y"))
    assert 8_000_000 < reply - NOW_US < 12_700_000


def test_what_lies_after_the_edge_comes_in_the_next_file_and_nothing_is_lost(tmp_path) -> None:
    made = talk.tcp(80, [talk.Turn(True, b"x" * 100), talk.Turn(False, b"y" * 100, wait_us=5_000_000)])
    later = Later()
    batch = with_ports([flows(made, NOW_US + np.arange(50) * 200_000, 0x0A000001, 0x19000001)], 3)[0]
    for frames in render(batch, SeededDice(1)):
        later.add(frames)
    edge = NOW_US + 4_000_000
    one = write(tmp_path / "1.pcap", "1.pcap", later.take(edge))
    two = write(tmp_path / "2.pcap", "2.pcap", later.take(2**62))
    assert one.packets + two.packets == 50 * len(made.packets)
    assert one.last_us < edge <= two.first_us
    again = to_file([flows(made, NOW_US + np.arange(50) * 200_000, 0x0A000001, 0x19000001)], tmp_path)
    assert again.packets == 50 * len(made.packets)
    assert len(later.take(2**62)) == 0


def test_ports_of_a_client_do_not_repeat_within_the_range() -> None:
    made = talk.tcp_refused(80)
    a = flows(made, np.arange(9000) * 1000, 0x0A000001, 0x19000001)
    b = flows(made, np.arange(7000) * 1000 + 1, 0x0A000001, 0x19000001)
    c = flows(made, np.arange(5) * 1000, 0x0A000002, 0x19000001)
    one, two, _ = with_ports([a, b, c], 12345)
    together = np.concatenate([one.sport, two.sport])
    assert len(set(together.tolist())) == 16000
    assert together.min() >= 49152
    assert together.max() < 65536


def test_flows_say_what_is_wrong_with_them() -> None:
    made = talk.tcp_refused(80)
    good = flows(made, np.arange(3), 1, 2)
    with pytest.raises(ValueError, match="ports first"):
        next(render(good, SeededDice(1)))
    with pytest.raises(ValueError, match="one size"):
        Flows(talk=made, t_us=np.arange(2), client=good.client, server=good.server, rtt_us=good.rtt_us)
    with pytest.raises(ValueError, match="same version"):
        Flows(
            talk=made,
            t_us=good.t_us,
            client=good.client,
            server=good.server,
            rtt_us=good.rtt_us,
            client_prefix=bytes(12),
        )
    with pytest.raises(ValueError, match="no such port"):
        talk.tcp(0, [])
    with pytest.raises(ValueError, match="first segment"):
        talk.tcp(80, [talk.Turn(True, bytes(3000), fresh=(talk.Fresh(1455, 10, 0),))])
