"""Packets of IP that came in fragments, put together. Of bytes that were sent twice the first count: RFC 5722 would
drop the packet, and a reader of captures shows it."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from bavn.actor.formats.headers import Fragment, fragment_of
from bavn.actor.formats.pcap import Packet

_RAW_IP: Final = 101
_CARRIED_BYTES_MAX: Final = 65_515
"""What an IPv4 packet without options has room for."""


@dataclass(slots=True)
class _Parts:
    """The parts of one packet as they came. ``end``: where the last one ends, once it is here."""

    parts: list[Fragment] = field(default_factory=list)
    size: int = 0
    end: int | None = None

    def add(self, part: Fragment) -> bytes | None:
        """What the packet carries, once no part is missing."""
        self.parts.append(part)
        self.size += len(part.data)
        if not part.more:
            self.end = part.offset + len(part.data)
        if self.end is None or self.end > _CARRIED_BYTES_MAX or self.size < self.end:
            return None
        carried = bytearray()
        for fragment in sorted(self.parts, key=lambda fragment: fragment.offset):
            if fragment.offset > len(carried):
                return None
            carried += fragment.data[len(carried) - fragment.offset :]
        return bytes(carried[: self.end])


def put_together(fragments: Iterable[Packet]) -> list[Packet]:
    """The packets of which every part is there, as raw IP, at the time of the part that made them whole."""
    waiting: dict[tuple[bytes, bytes, int, int], _Parts] = {}
    whole: list[Packet] = []
    for packet in fragments:
        part = fragment_of(packet.linktype, packet.data)
        if part is None:
            continue
        carried = waiting.setdefault(part[:4], _Parts()).add(part)
        if carried is not None:
            del waiting[part[:4]]
            data = _header(part, len(carried)) + carried
            whole.append(Packet(packet.at_us, _RAW_IP, data, len(data)))
    return whole


def _header(part: Fragment, size: int) -> bytes:
    if len(part.src) == 4:
        return struct.pack("!BxHHxxBBxx4s4s", 0x45, 20 + size, part.number, 64, part.proto, part.src, part.dst)
    return struct.pack("!IHBB16s16s", 6 << 28, size, part.proto, 64, part.src, part.dst)
