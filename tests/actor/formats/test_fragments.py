"""Fragments are put together as another's writer took the packet apart, and not where two readings are possible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.formats.fragments import fragment_of, together
from bavn.actor.formats.headers import ip_of
from bavn.actor.formats.pcap import Packet
from bavn.app.analyst.packets.conversation import conversations

RAW = 101
FOUR, SIX = ("192.0.2.1", "198.51.100.2"), ("2001:db8::1", "2001:db8::2")


def pieces(ends, said, size, identification=7):
    """The fragments of one datagram, as scapy writes them."""
    from scapy.layers.inet import IP, UDP, fragment
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6

    inside = UDP(sport=40000, dport=9999) / said
    if ends == SIX:
        whole = IPv6(src=ends[0], dst=ends[1]) / IPv6ExtHdrFragment(id=identification) / inside
        return [bytes(part) for part in fragment6(whole, size + 48)]
    return [bytes(part) for part in fragment(IP(src=ends[0], dst=ends[1], id=identification) / inside, size)]


def said_by(frames):
    """What is heard of them, and the number of conversations."""
    talks, _ = conversations([Packet(1_000 + n, RAW, data, len(data)) for n, data in enumerate(frames)])
    return [b"".join(piece.data for piece in talk.pieces) for talk in talks]


@given(st.sampled_from([FOUR, SIX]), st.binary(min_size=400, max_size=3000), st.integers(64, 300), st.randoms())
def test_in_any_order_and_said_twice_they_are_one_packet(ends, said, size, dice) -> None:
    frames = pieces(ends, said, size)
    assert len(frames) > 1
    mixed = frames + dice.sample(frames, 1)
    dice.shuffle(mixed)
    assert said_by(mixed) == [said]
    assert said_by(mixed + pieces(ends, said[::-1], size, 8)) == [said + said[::-1]], "and not another packet's"


@pytest.mark.parametrize("ends", [FOUR, SIX])
def test_with_a_hole_an_overlap_or_no_end_there_is_no_packet(ends) -> None:
    frames = pieces(ends, b"x" * 2000, 400)
    read = [fragment_of(RAW, frame) for frame in frames]
    other = read[1]._replace(payload=b"y" * len(read[1].payload))
    assert together(read) is not None
    assert [together(read[:at] + read[at + 1 :]) for at in range(len(read))] == [None] * len(read)
    assert together([*read, other]) is None, "two readings of one place"
    assert together([*read, read[1]._replace(at=read[1].at + 8)]) is None
    assert together([read[0]._replace(more=False), *read[1:]]) is None
    assert together([]) is None


def test_no_packet_is_longer_than_one_can_be() -> None:
    first = fragment_of(RAW, pieces(FOUR, b"x" * 2000, 400)[0])
    size = 65_528
    long = [first._replace(payload=bytes(size)), first._replace(at=size, more=False, payload=bytes(8))]
    assert together(long) is None


@given(st.sampled_from([FOUR, SIX]), st.data())
def test_bytes_of_any_kind_make_a_piece_or_none(ends, data) -> None:
    frame = bytearray(pieces(ends, b"x" * 900, 400)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(frame[: data.draw(st.integers(0, len(frame)))])
    piece = fragment_of(RAW, cut)
    if piece is not None:
        assert ip_of(RAW, cut).fragment
        assert len(piece.payload) <= len(cut)
