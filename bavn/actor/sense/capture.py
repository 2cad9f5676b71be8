"""Packet captures as files: told from anything else by content, and rescued where they are damaged.

Suricata waits a minute for a capture that it cannot open and drops all it knows when one breaks off. So what it gets is
looked at before, and a damaged one is copied up to the damage. Refuses to look into packets.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from bavn.actor.formats.pcap import (
    ENHANCED,
    HEAD_BYTES,
    INTERFACE,
    PACKETS,
    Block,
    Form,
    Window,
    blocks,
    form_of,
    order_of,
    pcap_head,
    records,
)
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import SourceBroken
from bavn.model.text import Text

# What Suricata 7.0.10 opens, tried one by one: BSD loopback, Ethernet, PPP, raw IP (three writings), Cisco HDLC,
# "any" of Linux, IPv4, IPv6, GRE.
LINKTYPES: Final = frozenset({0, 1, 9, 12, 101, 104, 113, 228, 229, 778})
_SLL, _SLL2 = 113, 276
"""Linux's "any" device writes the second since tcpdump 4.99; it is rewritten as the first."""


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
                    raise SourceBroken(
                        of_file(path, Text("is no packet capture: it begins like neither pcap nor pcapng"))
                    )
    except OSError as error:
        raise SourceBroken(
            of_file(path, Text("cannot be read ({why}): let the node's user read it", why=error.strerror))
        ) from error
    if looked.linktype is not None and looked.linktype not in LINKTYPES | {_SLL2}:
        raise SourceBroken(
            of_file(
                path,
                Text(
                    "was captured on a link of type {what}, which Suricata does not decode: capture on Ethernet, or"
                    " rewrite it (editcap -T)",
                    what=looked.linktype,
                ),
            )
        )
    return looked


def _survey_pcap(path: Path, head: bytes, file: IO[bytes]) -> CaptureSurvey:
    header = pcap_head(head)
    if header is None:
        raise SourceBroken(of_file(path, Text("breaks off in its header: copy it again")))
    return CaptureSurvey("pcap", header.linktype, bool(file.read(1)))


def _survey_pcapng(path: Path, head: bytes, file: IO[bytes]) -> CaptureSurvey:
    if len(head) < HEAD_BYTES or order_of(head) is None:
        raise SourceBroken(of_file(path, Text("breaks off in its header: copy it again")))
    linktypes: set[int] = set()
    packets = False
    for block in _whole_blocks(file):
        if block.kind == INTERFACE and len(block.body) >= 2:
            linktypes.add(struct.unpack_from(block.order + "H", block.body)[0])
        packets = block.kind in PACKETS
        if packets:
            break
    if len(linktypes) > 1:
        raise SourceBroken(
            of_file(
                path,
                Text(
                    "holds interfaces of different link types {what}: split it (tshark -F pcap)", what=sorted(linktypes)
                ),
            )
        )
    return CaptureSurvey("pcapng", next(iter(linktypes), None), packets)


def _whole_blocks(file: IO[bytes]) -> Iterator[Block]:
    """Up to where the chain of lengths is broken, or a section is in another byte order than the first: Suricata reads
    no further."""
    file.seek(0)
    order = ""
    for block in blocks(Window(read=file.read)):
        order = order or block.order
        if not block.agrees or block.order != order:
            return
        yield block


def rescue(path: Path, target: Path) -> Rescued:
    """Copy a capture up to its first damage, so that Suricata reads all of the copy; the second writing of Linux's
    "any" device becomes the first. OSError as from files."""
    with path.open("rb") as source, target.open("wb") as copy:
        said = source.read(HEAD_BYTES)
        rescued = _rescue_pcap(said, source, copy) if form_of(said) == "pcap" else _rescue_pcapng(source, copy)
        source.seek(0, 2)
        return Rescued(*rescued, source.tell())


def _rescue_pcap(start: bytes, source: IO[bytes], copy: IO[bytes]) -> tuple[int, int]:
    head = pcap_head(start)
    if head is None:
        return 0, 0
    rewrites = head.linktype == _SLL2
    copy.write(start[:20] + struct.pack(head.order + "I", _SLL) if rewrites else start)
    packets, used = 0, HEAD_BYTES
    source.seek(0)
    for seconds, fraction, wire, packet in records(Window(read=source.read), head.order):
        packets += 1
        used += 16 + len(packet)
        kept, on_wire = packet, wire
        if rewrites and len(packet) >= 20:
            kept = _as_sll(packet)
            on_wire = max(wire - 4, len(kept))
        copy.write(struct.pack(head.order + "IIII", seconds, fraction, len(kept), on_wire) + kept)
    return packets, used


def _as_sll(packet: bytes) -> bytes:
    """20 bytes (protocol, 2 reserved, interface, ARPHRD, packet type, address) become 16 (pcap-linktype of both)."""
    protocol, device, kind, count = packet[0:2], packet[8:10], packet[10:11], packet[11:12]
    return b"\0" + kind + device + b"\0" + count + packet[12:20] + protocol + packet[20:]


def _rescue_pcapng(source: IO[bytes], copy: IO[bytes]) -> tuple[int, int]:
    count = used = 0
    rewrites = False
    for kind, raw, order, _ in _whole_blocks(source):
        count += 1
        used += len(raw) + 12
        body = raw
        if kind == INTERFACE and len(raw) >= 2 and struct.unpack_from(order + "H", raw)[0] == _SLL2:
            rewrites = True
            body = struct.pack(order + "H", _SLL) + raw[2:]
        elif kind == ENHANCED and rewrites:
            body = _block_as_sll(raw, order)
        length = struct.pack(order + "I", len(body) + 12)
        copy.write(struct.pack(order + "I", kind) + length + body + length)
    return count, used


def _block_as_sll(body: bytes, order: str) -> bytes:
    """An enhanced packet block: interface, two of time, captured and original length, packet, padding, options."""
    if len(body) < 20:
        return body
    captured, wire = struct.unpack(order + "II", body[12:20])
    if captured < 20 or len(body) < 20 + captured:
        return body
    packet = _as_sll(body[20 : 20 + captured])
    lengths = struct.pack(order + "II", len(packet), max(wire - 4, len(packet)))
    return body[:12] + lengths + packet + b"\0" * (-len(packet) % 4)
