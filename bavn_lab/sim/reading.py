"""Captures as they come: pcap of either byte order and resolution, and pcapng; every kind of link made Ethernet.

Refuses what it cannot read with one reason; a capture cut short gives what lies before the cut. Refuses to know
addresses.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bavn.actor.formats.pcap import HEAD_BYTES, Window, form_of, packets_of

CAPTURE_BYTES_MAX: Final = 4 << 30
_ETHERNET, _NULL, _LOOP, _SLL, _SLL2 = 1, 0, 108, 113, 276
_RAW: Final = (12, 14, 101, 228, 229)
_MOMENT_US_MAX: Final = 1 << 62
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
    return form_of(head) is not None


def frames(path: Path) -> Iterator[Frame]:
    """The capture's frames in its own order. Raises CaptureBroken at once, CutShort after the last whole frame."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise CaptureBroken(f"cannot be opened: {error.strerror}") from error
    if size > CAPTURE_BYTES_MAX:
        raise CaptureBroken(f"larger than {CAPTURE_BYTES_MAX >> 30} GiB")
    if form_of(head) is None or (form_of(head) == "pcap" and len(head) < HEAD_BYTES):
        raise CaptureBroken("empty" if not head else "neither pcap nor pcapng")
    with path.open("rb") as file:
        window = Window(read=file.read)
        for packet in packets_of(window, timeless=True):
            _known(packet.linktype)
            if not 0 <= packet.at_us < _MOMENT_US_MAX:
                raise CutShort("a packet of an impossible time")
            made = ethernet(packet.linktype, packet.data)
            if made is not None:
                yield packet.at_us, made
    if window.damage is not None:
        raise CutShort(window.damage)


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
