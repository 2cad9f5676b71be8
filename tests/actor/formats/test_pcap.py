"""One reader of captures: the same packets whatever is handed in, and why no more is given than is there."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.formats.headers import TCP, heads_of, ip_of
from bavn.actor.formats.pcap import ENHANCED, INTERFACE, SECTION, SIMPLE, Packet, Window, packets_of, pcap_bytes


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order="<", offset_s=None):
    options = b"" if offset_s is None else struct.pack(order + "HHq", 14, 8, offset_s)
    head = block(SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    return head + block(INTERFACE, struct.pack(order + "HHI", 1, 0, 0) + options, order)


def enhanced(at_us, data, order="<", interface=0):
    head = struct.pack(order + "IIIII", interface, at_us >> 32, at_us & 0xFFFFFFFF, len(data), len(data))
    return block(ENHANCED, head + data, order)


def read(raw, *, timeless=False):
    window = Window(read=io.BytesIO(raw).read)
    return list(packets_of(window, timeless=timeless)), window.damage


frames = st.lists(st.tuples(st.integers(0, 2**50), st.binary(max_size=40)), max_size=6)


@given(frames, st.integers(0, 60))
def test_a_view_and_a_stream_give_the_same(given_, cut):
    packets = [Packet(at_us, 1, data, len(data)) for at_us, data in given_]
    for raw in (
        b"".join(pcap_bytes([p for p in packets if p.at_us < 2**32 * 1_000_000], 1)),
        section() + b"".join(enhanced(p.at_us, p.data) for p in packets),
    ):
        some = raw[: max(0, len(raw) - cut)]
        window = Window(some)
        assert (list(packets_of(window)), window.damage) == read(some)


@given(frames)
def test_what_is_written_is_read_again(given_):
    packets = [Packet(at_us % (2**32 * 1_000_000), 1, data, len(data)) for at_us, data in given_]
    assert read(b"".join(pcap_bytes(packets, 1))) == (packets, None)


@pytest.mark.parametrize(
    ("raw", "damage"),
    [
        (b"", "it begins like neither pcap nor pcapng"),
        (b"\xd4\xc3\xb2\xa1" + bytes(9), "it breaks off in its header"),
        (b"\xd4\xc3\xb2\xa1" + bytes(25), "a packet breaks off"),
        (section()[:-3], "a block breaks off"),
        (section() + struct.pack("<II", 6, 13) + bytes(8), "a block is of an impossible length"),
        (section() + block(SECTION, bytes(16)), "a section is in no known byte order"),
    ],
)
def test_why_no_more_is_given(raw, damage):
    packets, why = read(raw)
    assert (packets, why and why.en) == ([], damage)


def test_sections_speak_for_themselves_and_heads_of_packets_are_found():
    """Its byte order and its interfaces; seconds that count from another moment than 1970."""
    raw = section(offset_s=100) + enhanced(7, b"a") + section(">") + enhanced(8, b"b", ">")
    packets, damage = read(raw + enhanced(9, b"of nobody", ">", interface=1))
    assert ([(p.at_us, p.data) for p in packets], damage) == ([(100_000_007, b"a"), (8, b"b")], None)
    raw = section() + enhanced(7, b"a") + block(SIMPLE, struct.pack("<I", 2) + b"bc")
    assert [(p.at_us, p.data) for p in read(raw, timeless=True)[0]] == [(7, b"a"), (7, b"bc")]
    assert [p.data for p in read(raw)[0]] == [b"a"]
    tcp = struct.pack(">HHIIBBHHH", 40000, 443, 1, 2, 0x50, 2, 0, 0, 0) + b"secret"
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, TCP, 0) + bytes([10, 0, 0, 5, 192, 0, 2, 7]) + tcp
    data = bytes(12) + b"\x88\x64" + bytes(6) + b"\x00\x21" + ip + b"padding"
    heads, found = heads_of(1, data), ip_of(1, data)
    assert (heads.src_port, heads.dst_port, data[heads.bytes : heads.bytes + 6]) == (40000, 443, b"secret")
    assert found is not None
    assert (data[found.at : found.end], found.fragment) == (tcp, False)
