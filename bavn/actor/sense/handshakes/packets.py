"""The TCP and UDP payloads of a capture, one after another, gzip or not.

What breaks off or is damaged ends it, and the damage is said; a packet that is no whole IP packet is passed over, and
so are fragments of IP. Refuses to put streams together (stream.py).
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bavn.actor.formats import pcap
from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.headers import TCP, UDP, ip_of
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX
from bavn.actor.sense.macros import MOMENT_S_MAX
from bavn.actor.sense.unread import unreadable
from bavn.model.text import Text


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
        self._window = pcap.Window(read=self._file.read)
        self.packets = 0
        self.damage: Text | None = None
        self.refused = 0
        self.refusals: list[tuple[int, Text]] = []

    def __iter__(self) -> Iterator[Packet]:
        with self._file:
            yield from self._opened(pcap.packets_of(self._window, timeless=True))
            self.damage = self._file.damage or self.damage or self._window.damage

    def _opened(self, frames: Iterator[pcap.Packet]) -> Iterator[Packet]:
        while True:
            try:
                frame = next(frames)
            except StopIteration:
                return
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001  bytes of a stranger's: where the next packet begins nobody knows
                window = self._window
                self.damage = unreadable(error, window.view[window.at :][: pcap.BLOCK_BYTES_MAX])
                return
            self.packets += 1
            if not 0 <= frame.at_us < MOMENT_S_MAX * 1_000_000:
                self._refuse(Text("a packet of an impossible time"))
                continue
            try:
                packet = opened(self.packets, frame)
            except Exception as error:  # noqa: BLE001  as above, and it costs this packet
                self._refuse(unreadable(error, frame.data))
                continue
            if packet is not None:
                yield packet

    def _refuse(self, reason: Text) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT_MAX:
            self.refusals.append((self.packets, reason))


def opened(number: int, frame: pcap.Packet) -> Packet | None:
    """The TCP or UDP packet in a frame, None where there is none whole enough to be used."""
    ip = ip_of(frame.linktype, frame.data)
    if ip is None or ip.fragment:
        return None
    segment = frame.data[ip.at : ip.end]
    try:
        if ip.proto == TCP:
            src_port, dst_port, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", segment)
            payload = segment[(offset >> 4) * 4 :]
            if offset < 0x50:
                return None
            return Packet(number, frame.at_us, TCP, ip.src, ip.dst, src_port, dst_port, seq, ack, flags, payload)
        if ip.proto == UDP:
            src_port, dst_port = struct.unpack_from(">HH", segment)
            return Packet(number, frame.at_us, UDP, ip.src, ip.dst, src_port, dst_port, 0, 0, 0, segment[8:])
    except struct.error:
        return None
    return None
