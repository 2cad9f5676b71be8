"""Packet captures as files: told from anything else by content, and rescued where they are damaged.

Suricata waits a minute for a capture that it cannot open and drops all it knows when one breaks off. So what it gets is
looked at before, and a damaged one is copied up to the damage. Refuses to look into packets.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from bavn.actor.sense.base import SourceBroken

HEAD_BYTES: Final = 24

_PCAP_MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
_PCAPNG_MAGIC: Final = b"\x0a\x0d\x0d\x0a"
_INTERFACE_BLOCK: Final = 1
_PACKET_BLOCK: Final = 6
_PACKET_BYTES_MAX: Final = 262_144
_BLOCK_BYTES_MAX: Final = 16 << 20

# What Suricata 7.0.10 opens, tried one by one: BSD loopback, Ethernet, PPP, raw IP (three writings), Cisco HDLC,
# "any" of Linux, IPv4, IPv6, GRE.
LINKTYPES: Final = frozenset({0, 1, 9, 12, 101, 104, 113, 228, 229, 778})
_SLL, _SLL2 = 113, 276
"""Linux's "any" device writes the second since tcpdump 4.99; it is rewritten as the first."""

Form = Literal["pcap", "pcapng"]


@dataclass(frozen=True, slots=True)
class CaptureSurvey:
    """A capture that can be opened. ``linktype`` is that of a pcap, or of a pcapng's first interface (None: no
    interface). ``packets`` False: it holds nothing behind its header."""

    form: Form
    linktype: int | None
    packets: bool

    @property
    def must_be_copied(self) -> bool:
        """Suricata cannot read it as it stands."""
        return self.linktype == _SLL2


@dataclass(frozen=True, slots=True)
class Rescued:
    """What of a capture was copied: packets (pcapng: blocks), and bytes of it against all its bytes."""

    packets: int
    used_bytes: int
    all_bytes: int


def form_of(head: bytes) -> Form | None:
    """Which kind of capture begins with these bytes, if any."""
    if head[:4] in _PCAP_MAGICS:
        return "pcap"
    return "pcapng" if head[:4] == _PCAPNG_MAGIC else None


def survey(path: Path) -> CaptureSurvey:
    """Raises SourceBroken for what no capture tool can open, with one reason and what to do."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            match form_of(head):
                case "pcap":
                    looked = _survey_pcap(path, head, file)
                case "pcapng":
                    looked = _survey_pcapng(path, head, file)
                case _:
                    raise SourceBroken(f"{path} is no packet capture: it begins like neither pcap nor pcapng")
    except OSError as error:
        raise SourceBroken(f"{path} cannot be read ({error.strerror}): let the node's user read it") from error
    if looked.linktype is not None and looked.linktype not in LINKTYPES | {_SLL2}:
        raise SourceBroken(
            f"{path} was captured on a link of type {looked.linktype}, which Suricata does not decode: capture on"
            " Ethernet, or rewrite it (editcap -T)"
        )
    return looked


def _survey_pcap(path: Path, head: bytes, file: IO[bytes]) -> CaptureSurvey:
    if len(head) < HEAD_BYTES:
        raise SourceBroken(f"{path} breaks off in its header: copy it again")
    (linktype,) = struct.unpack(_PCAP_MAGICS[head[:4]] + "I", head[20:24])
    return CaptureSurvey("pcap", linktype & 0xFFFF, bool(file.read(1)))


def _survey_pcapng(path: Path, head: bytes, file: IO[bytes]) -> CaptureSurvey:
    order = _order(head[8:12])
    if len(head) < HEAD_BYTES or order is None:
        raise SourceBroken(f"{path} breaks off in its header: copy it again")
    file.seek(0)
    linktypes: set[int] = set()
    packets = False
    while not packets and (block := _read_block(file, order)):
        kind, body = block
        if kind == _INTERFACE_BLOCK and len(body) >= 2:
            linktypes.add(struct.unpack(order + "H", body[:2])[0])
        packets = kind in (2, 3, 6)
    if len(linktypes) > 1:
        raise SourceBroken(
            f"{path} holds interfaces of different link types {sorted(linktypes)}: split it (tshark -F pcap)"
        )
    return CaptureSurvey("pcapng", next(iter(linktypes), None), packets)


def _order(magic: bytes) -> str | None:
    return {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(magic)


def _read_block(file: IO[bytes], order: str) -> tuple[int, bytes] | None:
    """The next block's type and body; None at the end and where the chain of lengths is broken."""
    start = file.read(8)
    if len(start) < 8:
        return None
    kind, length = struct.unpack(order + "II", start)
    if not 12 <= length <= _BLOCK_BYTES_MAX or length % 4:
        return None
    rest = file.read(length - 8)
    if len(rest) < length - 8 or struct.unpack(order + "I", rest[-4:])[0] != length:
        return None
    return kind, rest[:-4]


def rescue(path: Path, target: Path) -> Rescued:
    """Copy a capture up to its first damage, so that Suricata reads all of the copy; the second writing of Linux's
    "any" device becomes the first. OSError as from files."""
    with path.open("rb") as source, target.open("wb") as copy:
        head = source.read(HEAD_BYTES)
        rescued = _rescue_pcap(head, source, copy) if form_of(head) == "pcap" else _rescue_pcapng(head, source, copy)
        source.seek(0, 2)
        return Rescued(*rescued, source.tell())


def _rescue_pcap(head: bytes, source: IO[bytes], copy: IO[bytes]) -> tuple[int, int]:
    order = _PCAP_MAGICS[head[:4]]
    rewrites = struct.unpack(order + "I", head[20:24])[0] & 0xFFFF == _SLL2
    copy.write(head[:20] + struct.pack(order + "I", _SLL) if rewrites else head)
    packets, used = 0, HEAD_BYTES
    while len(record := source.read(16)) == 16:
        seconds, fraction, length, wire = struct.unpack(order + "IIII", record)
        if length > _PACKET_BYTES_MAX or len(packet := source.read(length)) < length:
            break
        packets += 1
        used += 16 + length
        if rewrites and length >= 20:
            packet = _as_sll(packet)
            record = struct.pack(order + "IIII", seconds, fraction, len(packet), max(wire - 4, len(packet)))
        copy.write(record + packet)
    return packets, used


def _as_sll(packet: bytes) -> bytes:
    """20 bytes (protocol, 2 reserved, interface, ARPHRD, packet type, address) become 16 (pcap-linktype of both)."""
    protocol, device, kind, count = packet[0:2], packet[8:10], packet[10:11], packet[11:12]
    return b"\0" + kind + device + b"\0" + count + packet[12:20] + protocol + packet[20:]


def _rescue_pcapng(head: bytes, source: IO[bytes], copy: IO[bytes]) -> tuple[int, int]:
    order = _order(head[8:12]) or "<"
    blocks = used = 0
    rewrites = False
    source.seek(0)
    while block := _read_block(source, order):
        kind, body = block
        blocks += 1
        used += len(body) + 12
        if kind == _INTERFACE_BLOCK and struct.unpack(order + "H", body[:2])[0] == _SLL2:
            rewrites = True
            body = struct.pack(order + "H", _SLL) + body[2:]
        elif kind == _PACKET_BLOCK and rewrites:
            body = _block_as_sll(body, order)
        length = struct.pack(order + "I", len(body) + 12)
        copy.write(struct.pack(order + "I", kind) + length + body + length)
    return blocks, used


def _block_as_sll(body: bytes, order: str) -> bytes:
    """An enhanced packet block: interface, two of time, captured and original length, packet, padding, options."""
    captured, wire = struct.unpack(order + "II", body[12:20])
    if captured < 20 or len(body) < 20 + captured:
        return body
    packet = _as_sll(body[20 : 20 + captured])
    lengths = struct.pack(order + "II", len(packet), max(wire - 4, len(packet)))
    return body[:12] + lengths + packet + b"\0" * (-len(packet) % 4)
