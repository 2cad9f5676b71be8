"""Packets out of capture files and into them: pcap and pcapng, also one that is being written at this moment.

A file gives its packets up to where it is damaged or ends in the middle of one, and the window that it was read through
says why. Nothing is read ahead of a length that was checked, and no packet is looked into (headers.py).
Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

import mmap
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapreplace
from pathlib import Path
from typing import Final, Literal, NamedTuple

from bavn.model.text import Text

PACKET_BYTES_MAX: Final = 262_144
BLOCK_BYTES_MAX: Final = 16 << 20
HEAD_BYTES: Final = 24
"""Of a pcap; enough of a pcapng to know its byte order."""

SECTION, INTERFACE, OLD, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
PACKETS: Final = frozenset({OLD, SIMPLE, ENHANCED})
"""Kinds of blocks: those that hold a packet, and what describes it."""

_READ_BYTES: Final = 1 << 20
_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""Byte order, and nanoseconds of the fraction's unit."""

_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_ORDER: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_RESOLUTION, _OFFSET = 9, 14

Form = Literal["pcap", "pcapng"]
Wants = Callable[[int, int], bool]
"""Whether what stands between two places of the window is to be given; asked from front to back."""


class Packet(NamedTuple):
    """``at_us``: when. ``data``: what was captured of it, of ``wire_bytes`` on the wire. ``linktype`` as libpcap's."""

    at_us: int
    linktype: int
    data: bytes
    wire_bytes: int


class Record(NamedTuple):
    """A packet as it stands in a pcap, its time in two numbers."""

    seconds: int
    fraction: int
    wire_bytes: int
    data: bytes


class Block(NamedTuple):
    """A block of a pcapng without its lengths. ``order``: its section's byte order. ``agrees``: whether its length
    stands behind it as before it."""

    kind: int
    body: bytes
    order: str
    agrees: bool


class PcapHead(NamedTuple):
    """What the first bytes of a pcap say; ``unit_ns``: nanoseconds of the fraction's unit."""

    order: str
    unit_ns: int
    linktype: int


class Window:
    """A file's bytes from front to back: all of them at once (``view``), or piece by piece (``read``, which gives fewer
    bytes than it is asked for only at the end). ``damage``: why no more was given than was, or None."""

    def __init__(self, view: bytes | mmap.mmap = b"", read: Callable[[int], bytes] | None = None) -> None:
        self.view, self.at = view, 0
        self.damage: Text | None = None
        self._read = read

    def has(self, count: int) -> bool:
        """Whether so many bytes follow; if so they stand in ``view`` from ``at`` on."""
        if self.at + count <= len(self.view):
            return True
        if self._read is None:
            return False
        self.view = self.view[self.at :] + self._read(max(_READ_BYTES, count))
        self.at = 0
        return count <= len(self.view)


class _Interface(NamedTuple):
    """What a section says of packets that came by it: ``ticks`` a second, and the second that they count from."""

    linktype: int
    ticks: int
    offset_s: int


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


def form_of(head: bytes) -> Form | None:
    """Which kind of capture begins with these bytes, if any."""
    if head[:4] in _PCAP:
        return "pcap"
    return "pcapng" if head[:4] == _PCAPNG else None


def order_of(head: bytes) -> str | None:
    """The byte order of a pcapng that begins so; None where it says none."""
    return _ORDER.get(head[8:12])


def pcap_head(head: bytes) -> PcapHead | None:
    """What a pcap's head says; None where it breaks off in it."""
    if len(head) < HEAD_BYTES:
        return None
    order, unit_ns = _PCAP[head[:4]]
    return PcapHead(order, unit_ns, struct.unpack_from(order + "I", head, 20)[0] & 0xFFFF)


def packets(path: Path, having: Sequence[bytes] | None = None) -> Iterator[Packet]:
    """All packets with a time up to the first damage; none of a file that is no capture. OSError as from files.
    ``having``: only those in which one of these stands; an address stands in a packet as its bytes."""
    with path.open("rb") as file:
        try:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # empty
            return
        with view:
            yield from packets_of(Window(view), None if having is None else _Needles(view, having).within)


def packets_of(window: Window, wants: Wants | None = None, *, timeless: bool = False) -> Iterator[Packet]:
    """The packets of a capture. ``timeless``: also those of which it says no time, as of the packet before."""
    window.has(HEAD_BYTES)
    match form_of(window.view[:HEAD_BYTES]):
        case "pcap":
            yield from _pcap(window, wants)
        case "pcapng":
            yield from _pcapng(window, wants, timeless=timeless)
        case _:
            window.damage = Text("it begins like neither pcap nor pcapng")


def _pcap(window: Window, wants: Wants | None) -> Iterator[Packet]:
    head = pcap_head(window.view[:HEAD_BYTES])
    if head is None:
        window.damage = Text("it breaks off in its header")
        return
    unit_ns, linktype = head.unit_ns, head.linktype
    for seconds, fraction, wire, data in records(window, head.order, wants):
        yield Packet(seconds * 1_000_000 + fraction * unit_ns // 1000, linktype, data, wire)


def records(window: Window, order: str, wants: Wants | None = None) -> Iterator[Record]:
    """What stands behind the head of a pcap, which comes first."""
    window.at += HEAD_BYTES if window.has(HEAD_BYTES) else 0
    head = struct.Struct(order + "IIII")
    while window.has(16):
        seconds, fraction, length, wire = head.unpack_from(window.view, window.at)
        if length > PACKET_BYTES_MAX or not window.has(16 + length):
            window.damage = Text("a packet breaks off or is of an impossible length")
            return
        at = window.at + 16
        window.at = at + length
        if wants is None or wants(at, at + length):
            yield Record(seconds, fraction, wire, window.view[at : at + length])
    if window.has(1):
        window.damage = Text("a packet breaks off")


def _pcapng(window: Window, wants: Wants | None, *, timeless: bool) -> Iterator[Packet]:
    interfaces: list[_Interface] = []
    last_us = 0
    for block in blocks(window, wants):
        if block.kind == SECTION:
            interfaces = []
        elif block.kind == INTERFACE and len(block.body) >= 8:
            interfaces.append(_interface(block.body, block.order))
        elif block.kind in (ENHANCED, OLD):
            packet = _timed(interfaces, block)
            if packet is not None:
                last_us = packet.at_us
                yield packet
        elif block.kind == SIMPLE and timeless and interfaces and len(block.body) > 4:
            (wire,) = struct.unpack_from(block.order + "I", block.body)
            yield Packet(last_us, interfaces[0].linktype, block.body[4 : 4 + wire], wire)


def blocks(window: Window, wants: Wants | None = None) -> Iterator[Block]:
    """The blocks of a pcapng, its first section's head among them; ``wants`` chooses among those that hold a packet."""
    order = "<"
    while window.has(8):
        if window.view[window.at : window.at + 4] == _PCAPNG:
            if not window.has(12):
                break
            known = order_of(window.view[window.at : window.at + 12])
            if known is None:
                window.damage = Text("a section is in no known byte order")
                return
            order = known
        kind, length = struct.unpack_from(order + "II", window.view, window.at)
        if length % 4 or not 12 <= length <= BLOCK_BYTES_MAX:
            window.damage = Text("a block is of an impossible length")
            return
        if not window.has(length):
            break
        at, end = window.at, window.at + length
        window.at = end
        if wants is None or kind not in PACKETS or wants(at + 8, end - 4):
            view = window.view
            yield Block(kind, view[at + 8 : end - 4], order, view[at + 4 : at + 8] == view[end - 4 : end])
    if window.has(1):
        window.damage = Text("a block breaks off")


def _interface(body: bytes, order: str) -> _Interface:
    """Of its block (options if_tsresol, if_tsoffset)."""
    linktype, ticks, offset_s = struct.unpack_from(order + "H", body)[0], 1_000_000, 0
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0:
            break
        if code == _RESOLUTION and len(value) == length == 1:
            ticks = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OFFSET and len(value) == length == 8:
            (offset_s,) = struct.unpack(order + "q", value)
        at += 4 + length + -length % 4
    return _Interface(linktype, ticks, offset_s)


def _timed(interfaces: Sequence[_Interface], block: Block) -> Packet | None:
    """The packet of a block that says when it was; None where it is none, or of an interface that nobody described."""
    if len(block.body) < 20:
        return None
    shape = "IIIII" if block.kind == ENHANCED else "HxxIIII"
    number, high, low, length, wire = struct.unpack_from(block.order + shape, block.body)
    if number >= len(interfaces) or length > min(PACKET_BYTES_MAX, len(block.body) - 20):
        return None
    linktype, ticks, offset_s = interfaces[number]
    at_us = offset_s * 1_000_000 + ((high << 32) + low) * 1_000_000 // ticks
    return Packet(at_us, linktype, block.body[20 : 20 + length], wire)


def pcap_bytes(packets: Iterable[Packet], linktype: int) -> Iterator[bytes]:
    """A pcap file of these packets, piece by piece; those of another link type are not for it."""
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, PACKET_BYTES_MAX, linktype)
    for packet in packets:
        seconds, micros = divmod(packet.at_us, 1_000_000)
        head = struct.pack(
            "<IIII", seconds & 0xFFFFFFFF, micros, len(packet.data), max(packet.wire_bytes, len(packet.data))
        )
        yield head + packet.data
