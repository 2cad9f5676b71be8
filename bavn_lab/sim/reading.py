"""Captures as they come: pcap of either byte order and resolution, and pcapng; every kind of link made Ethernet.

Refuses what it cannot read with one reason; a capture cut short gives what lies before the cut. Refuses to know
addresses.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

CAPTURE_BYTES_MAX: Final = 4 << 30
FRAME_BYTES_MAX: Final = 262_144
_ETHERNET, _NULL, _LOOP, _SLL, _SLL2 = 1, 0, 108, 113, 276
_RAW: Final = (12, 14, 101, 228, 229)
_MAGIC: Final = {
    b"\xd4\xc3\xb2\xa1": ("little", 1),
    b"\xa1\xb2\xc3\xd4": ("big", 1),
    b"\x4d\x3c\xb2\xa1": ("little", 1000),
    b"\xa1\xb2\x3c\x4d": ("big", 1000),
}
_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_MADE_UP_MACS: Final = bytes.fromhex("020000000001020000000002")

Frame = tuple[int, bytes]
"""Microseconds as the capture has them, and an Ethernet frame."""


class CaptureBroken(ValueError):
    """This is no capture that can be read. Whoever gave it must give a better copy; the rest goes on."""


class CutShort(CaptureBroken):
    """The capture ends in the middle of something; the frames before that have been given."""


def looks_like_capture(path: Path) -> bool:
    """Whether the first four bytes are those of a pcap or pcapng."""
    with path.open("rb") as file:
        head = file.read(4)
    return head in _MAGIC or head == _PCAPNG


def frames(path: Path) -> Iterator[Frame]:
    """The capture's frames in its own order. Raises CaptureBroken at once, CutShort after the last whole frame."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(24)
    except OSError as error:
        raise CaptureBroken(f"cannot be opened: {error.strerror}") from error
    if size > CAPTURE_BYTES_MAX:
        raise CaptureBroken(f"larger than {CAPTURE_BYTES_MAX >> 30} GiB")
    if head[:4] == _PCAPNG:
        yield from _pcapng(path)
    elif head[:4] in _MAGIC and len(head) == 24:
        yield from _pcap(path, head)
    else:
        raise CaptureBroken("empty" if not head else "neither pcap nor pcapng")


def _pcap(path: Path, head: bytes) -> Iterator[Frame]:
    order, parts = _MAGIC[head[:4]]
    big = order == "big"
    link = int.from_bytes(head[20:24], "big" if big else "little") & 0x0FFFFFFF
    _known(link)
    with path.open("rb") as file:
        file.seek(24)
        while record := file.read(16):
            if len(record) < 16:
                raise CutShort("ends inside a record's header")
            words = [int.from_bytes(record[at : at + 4], "big" if big else "little") for at in (0, 4, 8)]
            if words[2] > FRAME_BYTES_MAX:
                raise CutShort(f"a frame of {words[2]} bytes cannot be")
            body = file.read(words[2])
            if len(body) < words[2]:
                raise CutShort("ends inside a frame")
            made = ethernet(link, body)
            if made is not None:
                yield words[0] * 1_000_000 + words[1] // parts, made


def _pcapng(path: Path) -> Iterator[Frame]:
    """Section, interface, enhanced, simple and obsolete packet blocks; the others are passed over."""
    order: Literal["little", "big"] = "little"
    interfaces: list[tuple[int, int]] = []
    last = 0
    with path.open("rb") as file:
        while head := file.read(8):
            kind = head[:4] if head[:4] == _PCAPNG else head[:4][:: 1 if order == "big" else -1]
            if kind == _PCAPNG:
                magic = file.read(4)
                order = "big" if magic == b"\x1a\x2b\x3c\x4d" else "little"
                interfaces = []
            else:
                magic = b""
            size = int.from_bytes(head[4:], order) if len(head) == 8 else 0
            if not 12 <= size <= FRAME_BYTES_MAX * 2 or size % 4:
                raise CutShort(f"a block of {size} bytes cannot be")
            body = magic + file.read(size - 8 - len(magic))
            if len(body) < size - 8:
                raise CutShort("ends inside a block")
            number = int.from_bytes(kind, "big")
            if number == 1:
                interfaces.append(_interface(body, order))
            elif number in (2, 3, 6):
                last, link, raw = _block(number, body[:-4], order, interfaces, last)
                made = ethernet(link, raw)
                if made is not None:
                    yield last, made


def _interface(body: bytes, order: Literal["little", "big"]) -> tuple[int, int]:
    """Link type and ticks a second of an interface description."""
    link = int.from_bytes(body[:2], order)
    _known(link)
    at, ticks = 8, 1_000_000
    while at + 4 <= len(body) - 4:
        code, size = (int.from_bytes(body[at + place : at + place + 2], order) for place in (0, 2))
        if code == 0:
            break
        if code == 9 and size == 1:
            value = body[at + 4]
            ticks = 2 ** (value & 0x7F) if value & 0x80 else 10 ** min(value, 18)
        at += 4 + size + -size % 4
    return link, ticks


def _block(
    number: int, body: bytes, order: Literal["little", "big"], interfaces: list[tuple[int, int]], last: int
) -> tuple[int, int, bytes]:
    """Moment, link type and bytes of a packet's block; a simple one has the moment of the one before."""
    words = [int.from_bytes(body[at : at + 4], order) for at in range(0, 20, 4)]
    which = 0 if number == 3 else int.from_bytes(body[:2], order) if number == 2 else words[0]
    if which >= len(interfaces):
        raise CutShort("a packet names an interface that is not described")
    link, ticks = interfaces[which]
    if number == 3:
        return last, link, body[4 : 4 + words[0]]
    if words[3] > len(body) - 20:
        raise CutShort("a packet is longer than its block")
    return ((words[1] << 32) | words[2]) * 1_000_000 // ticks, link, body[20 : 20 + words[3]]


def _known(link: int) -> None:
    if link not in (_ETHERNET, _NULL, _LOOP, _SLL, _SLL2, *_RAW):
        raise CaptureBroken(f"link type {link} is not read here")


def ethernet(link: int, body: bytes) -> bytes | None:
    """The frame as Ethernet; None for a frame too short to have a network header."""
    if link == _ETHERNET:
        return body or None
    if link == _SLL and len(body) > 16:
        return _MADE_UP_MACS + body[14:]
    if link == _SLL2 and len(body) > 20:
        return _MADE_UP_MACS + body[:2] + body[20:]
    packet = body[4:] if link in (_NULL, _LOOP) else body if link in _RAW else b""
    kind = {4: b"\x08\x00", 6: b"\x86\xdd"}.get(packet[0] >> 4) if packet else None
    return _MADE_UP_MACS + kind + packet if kind else None
