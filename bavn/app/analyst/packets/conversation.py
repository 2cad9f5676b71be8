"""Packets put together into conversations: who spoke with whom, and what each side said, piece after piece.

TCP is put in order and what came in fragments is made whole; both within bounds. Refuses to understand what was said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from bavn.actor.formats.fragments import put_together
from bavn.actor.formats.headers import TCP, ip_of, mapped
from bavn.actor.formats.pcap import Packet
from bavn.actor.sense.handshakes.packets import Packet as Segment
from bavn.actor.sense.handshakes.packets import opened
from bavn.actor.sense.handshakes.stream import BYTES_MAX, Stream
from bavn.model.record import address_text

CONVERSATIONS_MAX: Final = 50
PIECES_MAX: Final = 1000
FRAGMENTS_MAX: Final = 2000
_SYN, _ACK = 0x02, 0x10
_KEY = tuple[int, bytes, int, bytes, int]


@dataclass(slots=True)
class Piece:
    """What one side said at once, as far as it came in order."""

    at_us: int
    client: bool
    data: bytes


@dataclass(slots=True)
class Conversation:
    """``proto``: tcp or udp. ``pieces`` in order. ``cut``: more was said than is held, or a part of it is missing."""

    proto: str
    client: str
    client_port: int
    server: str
    server_port: int
    first_us: int
    last_us: int
    packets: int = 0
    pieces: list[Piece] = field(default_factory=list)
    cut: bool = False
    _streams: dict[bool, Stream] = field(default_factory=dict)
    _bytes: int = 0

    def add(self, segment: Segment, *, client: bool) -> None:
        """The next packet of it."""
        self.packets, self.last_us = self.packets + 1, max(self.last_us, segment.ts_us)
        if segment.protocol == TCP:
            self._add_tcp(segment, client=client)
        elif segment.payload:
            self._add_piece(segment.ts_us, segment.payload, client=client)

    def _add_tcp(self, segment: Segment, *, client: bool) -> None:
        if segment.flags & _SYN:
            self._streams.setdefault(client, Stream((segment.seq + 1) % (1 << 32)))
            return
        if not segment.payload:
            return
        stream = self._streams.setdefault(client, Stream(segment.seq))
        before = len(stream.data)
        if stream.add(segment.seq, segment.payload):
            self._add_piece(segment.ts_us, bytes(stream.data[before:]), client=client)
        self.cut = self.cut or stream.full

    def _add_piece(self, at_us: int, data: bytes, *, client: bool) -> None:
        if self._bytes + len(data) > 2 * BYTES_MAX or len(self.pieces) >= PIECES_MAX:
            self.cut = True
            return
        self._bytes += len(data)
        self.pieces.append(Piece(at_us, client, data))

    def end(self) -> None:
        """No more packets come: what still waits for something before it is missing it."""
        self.cut = self.cut or any(stream.waits for stream in self._streams.values())
        self._streams.clear()


def conversations(packets: Sequence[Packet]) -> tuple[list[Conversation], bool]:
    """Those of packets in order of time, the first CONVERSATIONS_MAX, and whether there were others."""
    talks: dict[_KEY, tuple[Conversation, bytes]] = {}
    more = False
    for number, packet in enumerate(_whole(packets)):
        segment = opened(number, packet)
        if segment is None:
            continue
        out = (segment.src, segment.src_port, segment.dst, segment.dst_port)
        back = (segment.dst, segment.dst_port, segment.src, segment.src_port)
        key: Any = (segment.protocol, *min(out, back))
        if key not in talks:
            if len(talks) >= CONVERSATIONS_MAX:
                more = True
                continue
            talks[key] = _begun(segment)
        talk, client = talks[key]
        talk.add(segment, client=(segment.src, segment.src_port) == (client[:-2], int.from_bytes(client[-2:])))
    for talk, _ in talks.values():
        talk.end()
    return [talk for talk, _ in talks.values()], more


def _begun(segment: Segment) -> tuple[Conversation, bytes]:
    """Who called is told by the SYN; of a call that began before, by the port: a service has the lower one."""
    ends = [(segment.src, segment.src_port), (segment.dst, segment.dst_port)]
    turned = bool(segment.flags & _ACK) if segment.flags & _SYN else segment.src_port < segment.dst_port
    client, server = reversed(ends) if turned else ends
    talk = Conversation(
        proto="tcp" if segment.protocol == TCP else "udp",
        client=_text(client[0]),
        client_port=client[1],
        server=_text(server[0]),
        server_port=server[1],
        first_us=segment.ts_us,
        last_us=segment.ts_us,
    )
    return talk, client[0] + client[1].to_bytes(2)


def _text(address: bytes) -> str:
    return address_text(UUID(bytes=mapped(address)))


def _whole(packets: Sequence[Packet]) -> list[Packet]:
    """The packets, those that came in fragments put together in the place of their last piece."""
    kept: list[Packet] = []
    fragments: list[Packet] = []
    for packet in packets:
        ip = ip_of(packet.linktype, packet.data)
        if ip is None or not ip.fragment:
            kept.append(packet)
        elif len(fragments) < FRAGMENTS_MAX:
            fragments.append(packet)
    if not fragments:
        return kept
    return sorted([*kept, *put_together(fragments)], key=lambda packet: packet.at_us)
