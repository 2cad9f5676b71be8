"""Packets of IP that came in fragments, put together again (RFC 791, 3.2; RFC 8200, 4.5).

Pieces that overlap make no packet (RFC 5722): which of two readings the receiver took cannot be known.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from bavn.actor.formats.headers import EXTENSIONS, EXTENSIONS_MAX, FRAGMENT, ip_of, network_of

PACKET_BYTES_MAX: Final = 65_535
_V4_BYTES, _V6_BYTES = 20, 40


class Fragment(NamedTuple):
    """``of``: what all pieces of one packet share: addresses, protocol and identification. ``head``: the header of the
    packet to be. ``at``: where the piece stands in it, in bytes."""

    of: tuple[bytes, bytes, int, int]
    head: bytes
    at: int
    more: bool
    payload: bytes


def fragment_of(linktype: int, data: bytes) -> Fragment | None:
    """The piece in a frame; None for a packet that is whole, and for what is no IP."""
    ip = ip_of(linktype, data)
    if ip is None or not ip.fragment:
        return None
    begins = network_of(linktype, data)
    if len(ip.src) == 4:
        (identification, part) = struct.unpack_from("!HH", data, begins + 4)
        head = bytearray(data[begins : begins + _V4_BYTES])
        head[0] = 0x45  # options, if any, are left out
        head[6:8] = bytes(2)
        payload = data[ip.at : ip.end]
        return Fragment(
            (ip.src, ip.dst, ip.proto, identification), bytes(head), (part & 0x1FFF) * 8, bool(part & 0x2000), payload
        )
    at, proto = begins + _V6_BYTES, data[begins + 6]
    for _ in range(EXTENSIONS_MAX):
        if proto == FRAGMENT or proto not in EXTENSIONS or len(data) < at + 8:
            break
        proto, at = data[at], at + 8 + data[at + 1] * 8
    if proto != FRAGMENT or len(data) < at + 8:
        return None
    carried, part, identification = struct.unpack_from("!BxHI", data, at)
    head = bytearray(data[begins : begins + _V6_BYTES])
    head[6] = carried
    return Fragment(
        (ip.src, ip.dst, carried, identification), bytes(head), part & 0xFFF8, bool(part & 1), data[at + 8 : ip.end]
    )


def together(pieces: Sequence[Fragment]) -> bytes | None:
    """The packet from its header on; None while a piece is missing, where pieces overlap, or where it would be longer
    than a packet can be."""
    ordered = sorted({(piece.at, piece.more, piece.payload) for piece in pieces})
    payload = bytearray()
    for at, _, part in ordered:
        if at != len(payload) or at + len(part) > PACKET_BYTES_MAX:
            return None
        payload += part
    if not ordered or [more for _, more, _ in ordered] != [True] * (len(ordered) - 1) + [False]:
        return None
    head = bytearray(pieces[0].head)
    if len(head) == _V4_BYTES:
        if len(payload) + _V4_BYTES > PACKET_BYTES_MAX:
            return None
        struct.pack_into("!H", head, 2, _V4_BYTES + len(payload))
    else:
        struct.pack_into("!H", head, 4, len(payload))
    return bytes(head + payload)
