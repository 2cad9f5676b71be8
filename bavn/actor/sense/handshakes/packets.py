"""The TCP and UDP payloads of a capture, one after another, straight from pcap or pcapng, gzip or not.

What breaks off or is damaged ends it, and the damage is said; a packet that is no whole IP packet is passed over.
Fragments of IP are passed over, tunnels are not opened. Refuses to put streams together (stream.py).
Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, tcpdump.org's list of link types.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX
from bavn.actor.sense.macros import MOMENT_S_MAX
from bavn.actor.sense.unread import unreadable

TCP: Final = 6
UDP: Final = 17
_READ_BYTES: Final = 1 << 20
_PACKET_BYTES_MAX: Final = 262_144
_BLOCK_BYTES_MAX: Final = 16 << 20
_EXTENSIONS_MAX: Final = 8
_TAGS_MAX: Final = 4

_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
_SECTION: Final = b"\x0a\x0d\x0d\x0a"
_BEFORE_IP: Final = {12: 0, 14: 0, 101: 0, 228: 0, 229: 0, 0: 4, 108: 4}
"""Link types where IP begins after so many bytes and says its own version."""
_ETHERTYPE_AT: Final = {1: 12, 113: 14, 276: 0}
_BEHIND: Final = {1: 14, 113: 16, 276: 20}
_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})


class Packet(NamedTuple):
    """One TCP or UDP packet. Addresses as 4 or 16 bytes; ``seq``, ``ack`` and ``flags`` are 0 for UDP; ``number``
    counts the capture's packets from 1; ``ts_us`` since 1970, before 2200."""

    number: int
    ts_us: int
    protocol: int
    src: bytes
    dst: bytes
    src_port: int
    dst_port: int
    seq: int
    ack: int
    flags: int
    payload: bytes


class Capture:
    """Iterate once over its packets. ``packets``: how many were read; ``damage``: why not all, or None. ``refused``:
    how many of them could not be used, whatever was in them; ``refusals``: the first of these, number and reason.
    OSError from opening it."""

    def __init__(self, path: Path) -> None:
        self._file = LogFile(path)
        self._held, self._at = b"", 0
        self.packets = 0
        self.damage: str | None = None
        self.refused = 0
        self.refusals: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[Packet]:
        with self._file:
            magic = self._take(4)
            if magic in _PCAP:
                frames = self._pcap(*_PCAP[magic])
            elif magic == _SECTION:
                frames = self._pcapng()
            else:
                self.damage = "it begins like neither pcap nor pcapng"
                return
            yield from self._opened(frames)
            self.damage = self._file.damage or self.damage

    def _opened(self, frames: Iterator[tuple[int, int, bytes]]) -> Iterator[Packet]:
        while True:
            try:
                ts_us, linktype, frame = next(frames)
            except StopIteration:
                return
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001  bytes of a stranger's: where the next packet begins nobody knows
                self.damage = unreadable(error, self._held[self._at :][:_BLOCK_BYTES_MAX])
                return
            self.packets += 1
            if not 0 <= ts_us < MOMENT_S_MAX * 1_000_000:
                self._refuse("a packet of an impossible time")
                continue
            try:
                found = opened(self.packets, ts_us, linktype, frame)
            except Exception as error:  # noqa: BLE001  as above, and it costs this packet
                self._refuse(unreadable(error, frame))
                continue
            if found is not None:
                yield found

    def _refuse(self, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT_MAX:
            self.refusals.append((self.packets, reason))

    def _take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""
        end = self._at + count
        if end > len(self._held):
            self._held = self._held[self._at :] + self._file.read(max(_READ_BYTES, count))
            self._at, end = 0, count
        taken = self._held[self._at : end]
        self._at += len(taken)
        return taken

    def _pcap(self, order: str, fractions_us: int) -> Iterator[tuple[int, int, bytes]]:
        head = self._take(20)
        if len(head) < 20:
            self.damage = "it breaks off in its header"
            return
        linktype = struct.unpack(order + "I", head[16:])[0] & 0xFFFF
        record = struct.Struct(order + "IIII")
        while len(start := self._take(16)) == 16:
            seconds, fraction, length, _ = record.unpack(start)
            if length > _PACKET_BYTES_MAX or len(frame := self._take(length)) < length:
                self.damage = "a packet breaks off or is of an impossible length"
                return
            yield seconds * 1_000_000 + fraction // fractions_us, linktype, frame
        if start:
            self.damage = "a packet breaks off"

    def _pcapng(self) -> Iterator[tuple[int, int, bytes]]:
        order = "<"
        links: list[tuple[int, int, int]] = []
        kind = int.from_bytes(_SECTION, "little")
        while True:
            rest = self._take(4)
            if kind == 0x0A0D0D0A:
                rest += self._take(4)
                order = "<" if rest[4:8] == b"\x4d\x3c\x2b\x1a" else ">"
                links = []
            head = 12 if kind == 0x0A0D0D0A else 8
            if len(rest) < head - 4:
                self.damage = "a block breaks off"
                return
            (length,) = struct.unpack(order + "I", rest[:4])
            if length % 4 or not head + 4 <= length <= _BLOCK_BYTES_MAX:
                self.damage = "a block is of an impossible length"
                return
            body = self._take(length - head)
            if len(body) < length - head:
                self.damage = "a block breaks off"
                return
            body = body[:-4]
            if kind == 1 and len(body) >= 8:
                links.append(_link(body, order))
            elif kind in (2, 3, 6):
                found = _block_packet(kind, body, order, links)
                if found is not None:
                    yield found
            start = self._take(4)
            if len(start) < 4:
                self.damage = "a block breaks off" if start else None
                return
            (kind,) = struct.unpack(order + "I", start)


def _link(body: bytes, order: str) -> tuple[int, int, int]:
    """Link type, ticks a second and offset in seconds of an interface block (options if_tsresol, if_tsoffset)."""
    linktype, ticks, offset = struct.unpack(order + "H", body[:2])[0], 1_000_000, 0
    at = 8
    while at + 4 <= len(body):
        code, size = struct.unpack(order + "HH", body[at : at + 4])
        value = body[at + 4 : at + 4 + size]
        if code == 9 and size == 1 and value:
            ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == 14 and len(value) == 8:
            (offset,) = struct.unpack(order + "q", value)
        elif code == 0:
            break
        at += 4 + size + -size % 4
    return linktype, ticks, offset


def _block_packet(
    kind: int, body: bytes, order: str, links: list[tuple[int, int, int]]
) -> tuple[int, int, bytes] | None:
    if kind == 3:
        return (0, links[0][0], body[4:]) if links and len(body) > 4 else None
    if len(body) < 20:
        return None
    interface, high, low, length = struct.unpack(order + ("IIII" if kind == 6 else "HxxIII"), body[:16])
    if interface >= len(links):
        return None
    linktype, ticks, offset = links[interface]
    return offset * 1_000_000 + ((high << 32) + low) * 1_000_000 // ticks, linktype, body[20 : 20 + length]


def opened(number: int, ts_us: int, linktype: int, frame: bytes) -> Packet | None:
    """The TCP or UDP packet in a frame, None where there is none whole enough to be used."""
    try:
        at = _ip_at(linktype, frame)
        if at is None:
            return None
        first = frame[at]
        if first >> 4 == 4:
            return _v4(number, ts_us, frame, at)
        return _v6(number, ts_us, frame, at) if first >> 4 == 6 else None
    except (IndexError, struct.error):
        return None


def _ip_at(linktype: int, frame: bytes) -> int | None:
    """Where IP begins."""
    before = _BEFORE_IP.get(linktype)
    if before is not None:
        return before
    at = _ETHERTYPE_AT.get(linktype)
    if at is None:
        return None
    kind, behind = frame[at] << 8 | frame[at + 1], _BEHIND[linktype]
    for _ in range(_TAGS_MAX):
        if kind not in _TAGS:
            break
        kind, behind = frame[behind + 2] << 8 | frame[behind + 3], behind + 4
    if kind == 0x8864 and frame[behind + 6 : behind + 8] in (b"\x00\x21", b"\x00\x57"):
        return behind + 8
    return behind if kind in (0x0800, 0x86DD) else None


def _v4(number: int, ts_us: int, frame: bytes, at: int) -> Packet | None:
    if int.from_bytes(frame[at + 6 : at + 8]) & 0x3FFF:
        return None
    size = int.from_bytes(frame[at + 2 : at + 4])
    # Sending cards that segment themselves leave the length 0 in what is captured on the way out.
    end = at + size if size else len(frame)
    start = at + (frame[at] & 15) * 4
    return _transport(
        number, ts_us, frame[at + 9], frame[at + 12 : at + 16], frame[at + 16 : at + 20], frame[start:end]
    )


def _v6(number: int, ts_us: int, frame: bytes, at: int) -> Packet | None:
    size, following, start = int.from_bytes(frame[at + 4 : at + 6]), frame[at + 6], at + 40
    end = start + size if size else len(frame)
    for _ in range(_EXTENSIONS_MAX):
        if following not in (0, 43, 60):
            break
        following, start = frame[start], start + (frame[start + 1] + 1) * 8
    return _transport(number, ts_us, following, frame[at + 8 : at + 24], frame[at + 24 : at + 40], frame[start:end])


def _transport(number: int, ts_us: int, protocol: int, src: bytes, dst: bytes, segment: bytes) -> Packet | None:
    if protocol == TCP:
        src_port, dst_port, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", segment)
        if offset < 0x50:
            return None
        return Packet(number, ts_us, TCP, src, dst, src_port, dst_port, seq, ack, flags, segment[(offset >> 4) * 4 :])
    if protocol == UDP:
        src_port, dst_port = struct.unpack_from(">HH", segment)
        return Packet(number, ts_us, UDP, src, dst, src_port, dst_port, 0, 0, 0, segment[8:])
    return None
