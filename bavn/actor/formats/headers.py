"""Who a packet is between, and where its headers end. Refuses to read what is in it.

Link types: Ethernet (with VLAN tags), raw IP, BSD loopback, PPP without framing, Linux's "any" device in both writings.
"""

import struct
from dataclasses import dataclass
from typing import Final

_V4, _V6 = 0x0800, 0x86DD
_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})
_TAGS_MAX: Final = 4
_EXTENSIONS: Final = frozenset({0, 43, 60, 135})
_EXTENSIONS_MAX: Final = 8
_FRAGMENT: Final = 44
_HEADS: Final = {17: 8, 1: 8, 58: 8, 132: 12, 136: 8}
_TCP: Final = 6
_RAW: Final = frozenset({12, 14, 101, 228, 229})
MAPPED: Final = bytes(10) + b"\xff\xff"


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


def heads_of(linktype: int, data: bytes) -> Heads:
    """The headers of a packet; whatever it is there is an answer."""
    at, kind = _network(linktype, data)
    if kind == _V4 and len(data) >= at + 20 and data[at] >> 4 == 4:
        return _v4(data, at)
    if kind == _V6 and len(data) >= at + 40 and data[at] >> 4 == 6:
        return _v6(data, at)
    return Heads(None, None, 0, 0, 0, min(at, len(data)))


def _network(linktype: int, data: bytes) -> tuple[int, int]:
    """Where the network's header begins, and its EtherType (0: nothing known)."""
    if linktype in _RAW:
        return 0, _by_version(data, 0)
    if linktype in (0, 108):
        return 4, _by_version(data, 4)
    if linktype == 9:
        skip = 4 if data[:2] == b"\xff\x03" else 2
        return skip, _by_version(data, skip)
    at = {1: 12, 113: 14, 276: 0}.get(linktype)
    if at is None or len(data) < at + 2:
        return 0, 0
    kind = struct.unpack_from("!H", data, at)[0]
    if linktype == 276:
        return 20, kind
    at += 2
    for _ in range(_TAGS_MAX):
        if kind not in _TAGS or len(data) < at + 4:
            break
        kind = struct.unpack_from("!H", data, at + 2)[0]
        at += 4
    return at, kind


def _by_version(data: bytes, at: int) -> int:
    version = data[at] >> 4 if len(data) > at else 0
    return {4: _V4, 6: _V6}.get(version, 0)


def _v4(data: bytes, at: int) -> Heads:
    size = max(20, (data[at] & 0x0F) * 4)
    src, dst = MAPPED + data[at + 12 : at + 16], MAPPED + data[at + 16 : at + 20]
    later = struct.unpack_from("!H", data, at + 6)[0] & 0x1FFF
    return _transport(data, at + size, data[at + 9], src, dst, later=bool(later))


def _v6(data: bytes, at: int) -> Heads:
    src, dst, proto = data[at + 8 : at + 24], data[at + 24 : at + 40], data[at + 6]
    at, later = at + 40, False
    for _ in range(_EXTENSIONS_MAX):
        if proto in _EXTENSIONS and len(data) >= at + 8:
            proto, at = data[at], at + 8 + data[at + 1] * 8
        elif proto == _FRAGMENT and len(data) >= at + 8:
            later = later or bool(struct.unpack_from("!H", data, at + 2)[0] & 0xFFF8)
            proto, at = data[at], at + 8
        else:
            break
    return _transport(data, at, proto, src, dst, later=later)


def _transport(data: bytes, at: int, proto: int, src: bytes, dst: bytes, *, later: bool) -> Heads:
    """``later``: a fragment that is not the first has no transport header."""
    ports, size = (0, 0), 0
    if not later and proto == _TCP and len(data) >= at + 14:
        size = max(20, (data[at + 12] >> 4) * 4)
    elif not later:
        size = _HEADS.get(proto, 0)
    if size and proto in (_TCP, 17, 132, 136) and len(data) >= at + 4:
        ports = struct.unpack_from("!HH", data, at)
    return Heads(src, dst, proto, *ports, min(at + size, len(data)))
