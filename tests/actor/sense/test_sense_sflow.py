"""sFlow version 5 becomes flows: headers, rates, samples of a minute together, what is passed and refused."""

import struct

import numpy as np
import pytest
from collecting import Collecting
from exporters import counter_sample, flow_sample, frame, one, sflow, v4
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Dot1Q, Ether

from bavn.actor.sense.flows.packet_headers import HEADER_BYTES_MAX, packets

CLIENT, SERVER = "10.1.0.5", "203.0.113.9"


@pytest.fixture
def collecting(tmp_path, engine):
    return Collecting(tmp_path, engine, "sflow")


@pytest.mark.slow
def test_samples_of_a_conversation_within_a_minute_are_one_row_scaled_up(collecting) -> None:
    up, down = frame(one(CLIENT, SERVER, 50_000, 443, flags=16)), frame(one(SERVER, CLIENT, 443, 50_000, flags=16))
    for number in range(4):
        samples = [flow_sample(up, rate=500, size=1400), flow_sample(down, rate=500, size=100), counter_sample()]
        collecting.send(sflow(samples, sequence=number), after_s=10)
    collecting.settled()
    (row,) = collecting.rows()
    assert (row["src"], row["dst"], row["dst_port"], row["sampling"]) == (CLIENT, SERVER, 443, 500)
    assert (row["bytes_toserver"], row["pkts_toserver"]) == (4 * 1400 * 500, 4 * 500)
    assert (row["bytes_toclient"], row["pkts_toclient"]) == (4 * 100 * 500, 4 * 500)
    assert row["failed"] is False, "there was talk, not only a SYN"
    assert collecting.sums() == (12, 1, 11, 0)


def test_a_sampled_syn_is_no_failed_call(collecting) -> None:
    syn = frame(one(CLIENT, SERVER, 50_000, 22, flags=2))
    collecting.send(sflow([flow_sample(syn)])).settled()
    assert [row["failed"] for row in collecting.rows()] == [None]


@pytest.mark.slow
def test_the_server_is_told_by_its_port_whoever_was_sampled_first(collecting) -> None:
    down = frame(one(SERVER, CLIENT, 443, 50_000, flags=24))
    collecting.send(sflow([flow_sample(down)])).settled()
    (row,) = collecting.rows()
    assert (row["src"], row["dst_port"], row["bytes_toserver"]) == (CLIENT, 443, 0)


@pytest.mark.slow
@pytest.mark.parametrize("wide", [False, True])
def test_both_writings_of_a_sample_and_a_tag(collecting, wide) -> None:
    header = frame(one(CLIENT, SERVER, 50_000, 53, proto=17), vlan=42)
    collecting.send(sflow([flow_sample(header, wide=wide)])).settled()
    assert [(row["proto"], row["dst_port"]) for row in collecting.rows()] == [("udp", 53)]


def test_what_is_no_ip_is_passed(collecting) -> None:
    arp = bytes(12) + b"\x08\x06" + bytes(40)
    collecting.send(sflow([flow_sample(arp), counter_sample()])).settled()
    assert collecting.sums() == (2, 0, 2, 0)


@pytest.mark.slow
def test_a_packet_that_the_agent_took_apart(collecting) -> None:
    raw = struct.pack(">II", 900, 17) + v4(CLIENT) + v4(SERVER) + struct.pack(">IIII", 50_000, 53, 0, 0)
    record = struct.pack(">II", 3, len(raw)) + raw
    body = struct.pack(">8I", 1, 3, 100, 100, 0, 3, 4, 1) + record
    collecting.send(sflow([struct.pack(">II", 1, len(body)) + body])).settled()
    assert [(row["proto"], row["dst_port"], row["bytes_toserver"]) for row in collecting.rows()] == [("udp", 53, 90000)]


def test_gaps_and_what_the_agent_dropped_are_losses(collecting) -> None:
    header = frame(one(CLIENT, SERVER, 50_000, 53, proto=17))
    for sequence, drops in ((1, 0), (2, 5), (6, 9)):
        collecting.send(sflow([flow_sample(header, drops=drops)], sequence=sequence))
    collecting.turn().poll()
    lost = {loss.what: (loss.count, loss.unit) for loss in collecting.source.losses()}
    assert (lost["sequence_gap"], lost["agent_drops"]) == ((3, "datagrams"), (9, "packets"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "data", [b"", bytes(8), struct.pack(">II", 4, 1) + bytes(40), sflow([b"\0\0\0\1\0\0\xff\xff"])]
)
def test_what_is_no_sflow_is_refused(collecting, data) -> None:
    collecting.send(data).settled()
    assert collecting.sums() == (1, 0, 0, 1)


@pytest.mark.slow
def test_headers_are_read_as_scapy_reads_them() -> None:
    """Scapy writes the packets, and says what they are."""
    made = [
        Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=1234, dport=80, flags="SA"),
        Ether() / IP(src="10.0.0.1", dst="10.0.0.2", options=b"\x01" * 8) / UDP(sport=5, dport=53) / (b"x" * 30),
        Ether() / Dot1Q(vlan=3) / Dot1Q(vlan=4) / IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=9, dport=443),
        Ether() / IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrHopByHop() / UDP(sport=7, dport=8),
        Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(type=3, code=1),
        Ether() / IP(src="10.0.0.1", dst="10.0.0.2", frag=100, proto=17) / (b"y" * 40),
    ]
    raws = [bytes(packet) for packet in made]
    rows = np.frombuffer(b"".join(raw.ljust(HEADER_BYTES_MAX, b"\0") for raw in raws), np.uint8)
    seen = packets(rows.reshape(-1, HEADER_BYTES_MAX), np.array([len(raw) for raw in raws]), np.ones(len(raws), int))
    for packet, row in zip(made, seen, strict=True):
        over = packet.getlayer(TCP) or packet.getlayer(UDP)
        assert (row["a_port"], row["b_port"]) == ((over.sport, over.dport) if over else (0, 0))
        assert row["flags"] == (int(over.flags) if over and over.name == "TCP" else -1)
    assert seen["proto"].tolist() == [6, 17, 6, 17, 1, 17]
    assert (seen["kind"][4], seen["code"][4]) == (3, 1)
    assert seen["fits"].tolist() == [1] * len(made)
