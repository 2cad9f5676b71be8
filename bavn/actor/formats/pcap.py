"""Packets out of capture files and into them: pcap and pcapng, also one that is being written at this moment.

A file gives the packets up to where it is damaged or ends in the middle of one. Bounded by the file's own size: nothing
is read ahead of a length that was checked. Refuses to look into packets.
"""

import mmap
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace
from pathlib import Path
from typing import Final

PACKET_BYTES_MAX: Final = 262_144
_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""Byte order, and nanoseconds of the fraction's unit."""

_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_ORDER: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_INTERFACE, _OLD, _ENHANCED = 1, 2, 6
_UNITS_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Packet:
    """``at_us``: when. ``data``: what was captured of it, of ``wire_bytes`` on the wire. ``linktype`` as libpcap's."""

    at_us: int
    linktype: int
    data: bytes
    wire_bytes: int


@dataclass(slots=True)
class _Section:
    order: str
    interfaces: list[tuple[int, int]] = field(default_factory=list)
    """Link type, and units of time in a second."""


class _Needles:
    """Where some bytes stand next in a file, asked for from front to back: each is looked for once, by memory's own
    search, so that a packet without any costs one comparison."""

    def __init__(self, view: mmap.mmap, needles: Iterable[bytes]) -> None:
        self._view = view
        self._heap = [(-1, needle) for needle in dict.fromkeys(needles)] or [(len(view), b"")]

    def within(self, at: int, end: int) -> bool:
        """Whether one of them stands between these two places; ``at`` never goes back."""
        heap = self._heap
        while (soonest := heap[0])[0] < at:
            found = self._view.find(soonest[1], at)
            heapreplace(heap, (len(self._view) if found < 0 else found, soonest[1]))
        if soonest[0] >= end:
            return False
        return any(place + len(needle) <= end for place, needle in heap)


def packets(path: Path, having: Sequence[bytes] | None = None) -> Iterator[Packet]:
    """All packets up to the first damage; none of a file that is no capture. OSError as from files. ``having``: only
    those in which one of these stands; an address stands in a packet as its bytes."""
    with path.open("rb") as file:
        try:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # empty
            return
        with view:
            needles = None if having is None else _Needles(view, having)
            if view[:4] in _PCAP:
                yield from _pcap(view, needles)
            elif view[:4] == _PCAPNG:
                yield from _pcapng(view, needles)


def _pcap(view: mmap.mmap, needles: _Needles | None) -> Iterator[Packet]:
    order, unit_ns = _PCAP[view[:4]]
    if len(view) < 24:
        return
    linktype = struct.unpack_from(order + "I", view, 20)[0] & 0xFFFF
    head = struct.Struct(order + "IIII")
    at, end = 24, len(view)
    while at + 16 <= end:
        seconds, fraction, length, wire = head.unpack_from(view, at)
        at += 16
        if length > PACKET_BYTES_MAX or at + length > end:
            return
        if needles is None or needles.within(at, at + length):
            yield Packet(seconds * 1_000_000 + fraction * unit_ns // 1000, linktype, view[at : at + length], wire)
        at += length


def _pcapng(view: mmap.mmap, needles: _Needles | None) -> Iterator[Packet]:
    section = _Section("<")
    at, end = 0, len(view)
    while at + 12 <= end:
        if view[at : at + 4] == _PCAPNG:
            order = _ORDER.get(view[at + 8 : at + 12])
            if order is None:
                return
            section = _Section(order)
        kind, length = struct.unpack_from(section.order + "II", view, at)
        if length < 12 or length % 4 or at + length > end:
            return
        if kind == _INTERFACE or needles is None or needles.within(at + 8, at + length - 4):
            made = _block(section, kind, view[at + 8 : at + length - 4])
            if made is not None:
                yield made
        at += length


def _block(section: _Section, kind: int, body: bytes) -> Packet | None:
    order = section.order
    if kind == _INTERFACE and len(body) >= 8:
        section.interfaces.append((struct.unpack_from(order + "H", body)[0], _units(body[8:], order)))
    elif kind in (_ENHANCED, _OLD) and len(body) >= 20:
        shape = "IIIII" if kind == _ENHANCED else "HHIIII"
        number, *_, high, low, length, wire = struct.unpack_from(order + shape, body)
        if number < len(section.interfaces) and length <= min(PACKET_BYTES_MAX, len(body) - 20):
            linktype, units = section.interfaces[number]
            return Packet(((high << 32) + low) * _UNITS_MICRO // units, linktype, body[20 : 20 + length], wire)
    return None  # a simple packet block has no time, so it is no evidence of when


def _units(options: bytes, order: str) -> int:
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if code == 0:
            break
        if code == 9 and length == 1 and at + 5 <= len(options):
            power = options[at + 4] & 0x7F
            return 1 << min(power, 63) if options[at + 4] & 0x80 else 10 ** min(power, 18)
        at += 4 + length + -length % 4
    return _UNITS_MICRO


def pcap_bytes(found: Iterable[Packet], linktype: int) -> Iterator[bytes]:
    """A pcap file of these packets, piece by piece; those of another link type are not for it."""
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, PACKET_BYTES_MAX, linktype)
    for packet in found:
        seconds, micros = divmod(packet.at_us, 1_000_000)
        head = struct.pack(
            "<IIII", seconds & 0xFFFFFFFF, micros, len(packet.data), max(packet.wire_bytes, len(packet.data))
        )
        yield head + packet.data
