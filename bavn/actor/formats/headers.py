"""Who a packet is between, and where its headers end. Refuses to read what is in it; tunnels are not opened.

Link types: Ethernet (with VLAN tags and PPPoE), raw IP, BSD loopback, PPP without framing, Linux's "any" device in both
writings.
"""

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

TCP: Final = 6
UDP: Final = 17
MAPPED: Final = bytes(10) + b"\xff\xff"

_IP: Final = (0x0800, 0x86DD)
_PLAIN: Final = b"\x08\x00\x45"
"""IPv4 without options, behind Ethernet's EtherType."""
_PPPOE: Final = 0x8864
_PPP_IP: Final = (b"\x00\x21", b"\x00\x57")
_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})
_TAGS_MAX: Final = 4
_EXTENSIONS: Final = frozenset({0, 43, 60, 135})
_EXTENSIONS_MAX: Final = 8
_FRAGMENT: Final = 44
_HEADS: Final = {UDP: 8, 1: 8, 58: 8, 132: 12, 136: 8}
_RAW: Final = frozenset({12, 14, 101, 228, 229})
_ETHERTYPE_AT: Final = {1: (12, 14), 113: (14, 16), 276: (0, 20)}
"""Where the EtherType stands, and where what it names begins, by link type."""


class Ip(NamedTuple):
    """A packet of IP. ``src`` and ``dst``: addresses in 4 or 16 bytes. What it carries, of protocol ``proto``, stands
    from ``at`` to ``end``, by what its header says. ``fragment``: one of several; ``later``: not the first."""

    src: bytes
    dst: bytes
    proto: int
    at: int
    end: int
    fragment: bool
    later: bool


class Fragment(NamedTuple):
    """A part of a packet of IP, which stands at ``offset`` of what that carries. ``more``: it is not the last."""

    src: bytes
    dst: bytes
    proto: int
    number: int
    offset: int
    more: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Heads:
    """``src`` and ``dst``: addresses in 16 bytes, IPv4 mapped; None of a packet that is no IP. Ports 0 where there are
    none. ``bytes``: headers of link, network and transport, the payload not among them."""

    src: bytes | None
    dst: bytes | None
    proto: int
    src_port: int
    dst_port: int
    bytes: int


def mapped(address: bytes) -> bytes:
    """16 bytes as the store keeps addresses."""
    return address if len(address) == 16 else MAPPED + address


def heads_of(linktype: int, data: bytes) -> Heads:
    """The headers of a packet; whatever it is there is an answer."""
    begins, ip = _network(linktype, data)
    if ip is None:
        return Heads(None, None, 0, 0, 0, min(begins, len(data)))
    ports, size = (0, 0), 0
    if not ip.later and ip.proto == TCP and len(data) >= ip.at + 14:
        size = max(20, (data[ip.at + 12] >> 4) * 4)
    elif not ip.later:
        size = _HEADS.get(ip.proto, 0)
    if size and ip.proto in (TCP, UDP, 132, 136) and len(data) >= ip.at + 4:
        ports = struct.unpack_from("!HH", data, ip.at)
    return Heads(mapped(ip.src), mapped(ip.dst), ip.proto, *ports, min(ip.at + size, len(data)))


def ip_of(linktype: int, data: bytes) -> Ip | None:
    """The packet of IP in a frame; None where there is none."""
    if linktype == 1 and data[12:15] == _PLAIN and len(data) >= 34:  # nearly all of them
        return _v4(data, 14)
    return _network(linktype, data)[1]


def fragment_of(linktype: int, data: bytes) -> Fragment | None:
    """The part of a packet of IP in a frame; None where there is none."""
    at, ip = _network(linktype, data)
    if ip is None or not ip.fragment:
        return None
    if len(ip.src) == 4:
        number, part = struct.unpack_from("!HH", data, at + 4)
        return Fragment(
            ip.src, ip.dst, ip.proto, number, (part & 0x1FFF) * 8, bool(part & 0x2000), data[ip.at : ip.end]
        )
    proto, at = data[at + 6], at + 40
    while proto != _FRAGMENT:
        proto, at = data[at], at + 8 + data[at + 1] * 8
    proto, part, number = struct.unpack_from("!BxHI", data, at)
    return Fragment(ip.src, ip.dst, proto, number, part & 0xFFF8, bool(part & 1), data[at + 8 : ip.end])


def _network(linktype: int, data: bytes) -> tuple[int, Ip | None]:
    """Where the network's header begins, and what it says if it is IP's."""
    at, known = _begins(linktype, data)
    version = data[at] >> 4 if known and at < len(data) else 0
    if version == 4 and len(data) >= at + 20:
        return at, _v4(data, at)
    if version == 6 and len(data) >= at + 40:
        return at, _v6(data, at)
    return at, None


def _begins(linktype: int, data: bytes) -> tuple[int, bool]:
    """Where the network's header begins, and whether it may be IP's."""
    if linktype in _RAW:
        return 0, True
    if linktype in (0, 108):
        return 4, True
    if linktype == 9:
        return 4 if data[:2] == b"\xff\x03" else 2, True
    kind_at, at = _ETHERTYPE_AT.get(linktype, (0, 0))
    if not at or len(data) < kind_at + 2:
        return 0, False
    (kind,) = struct.unpack_from("!H", data, kind_at)
    for _ in range(_TAGS_MAX):
        if kind not in _TAGS or len(data) < at + 4:
            break
        (kind,) = struct.unpack_from("!H", data, at + 2)
        at += 4
    if kind == _PPPOE and data[at + 6 : at + 8] in _PPP_IP:
        return at + 8, True
    return at, kind in _IP


def _v4(data: bytes, at: int) -> Ip:
    size, part = struct.unpack_from("!HxxH", data, at + 2)
    return Ip(
        src=data[at + 12 : at + 16],
        dst=data[at + 16 : at + 20],
        proto=data[at + 9],
        at=at + max(20, (data[at] & 0x0F) * 4),
        end=_end(data, at, size),
        fragment=bool(part & 0x3FFF),
        later=bool(part & 0x1FFF),
    )


def _v6(data: bytes, at: int) -> Ip:
    src, dst, proto = data[at + 8 : at + 24], data[at + 24 : at + 40], data[at + 6]
    (size,) = struct.unpack_from("!H", data, at + 4)
    end = _end(data, at + 40, size)
    at, fragment, later = at + 40, False, False
    for _ in range(_EXTENSIONS_MAX):
        if proto in _EXTENSIONS and len(data) >= at + 8:
            proto, at = data[at], at + 8 + data[at + 1] * 8
        elif proto == _FRAGMENT and len(data) >= at + 8:
            fragment, later = True, later or bool(struct.unpack_from("!H", data, at + 2)[0] & 0xFFF8)
            proto, at = data[at], at + 8
        else:
            break
    return Ip(src, dst, proto, at, end, fragment, later)


def _end(data: bytes, begins: int, size: int) -> int:
    """Sending cards that segment themselves leave the length 0 in what is captured on the way out."""
    return begins + size if size else len(data)
