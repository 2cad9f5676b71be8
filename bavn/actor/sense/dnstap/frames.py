"""A dnstap file's bytes -> its messages' fields: Frame Streams around protocol buffers, as much of both as dnstap uses.

Pure and bounded; what is cut off or no such thing is said, not guessed. Source: the Frame Streams README of
farsightsec/fstrm, dnstap.proto of dnstap.info. Refuses to know DNS.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text

CONTENT: Final = b"protobuf:dnstap.Dnstap"
FRAME_BYTES_MAX: Final = 1 << 20

_START, _STOP = 2, 3
_CONTROL_BYTES_MAX: Final = 512
_MESSAGE, _DNSTAP_TYPE = 14, 15


class NotDnstap(Exception):
    """These bytes are no message of dnstap: the other side's fault; the message is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """The fields of a Message; 0 or nothing where it has none. ``kind``: odd for a query, even for a response."""

    kind: int
    protocol: int
    client: bytes
    server: bytes
    client_port: int
    server_port: int
    us: int
    raw: bytes


def begins(head: bytes) -> bool:
    """Whether a file with this beginning is dnstap in Frame Streams."""
    return head.startswith(b"\0\0\0\0") and CONTENT in head[:_CONTROL_BYTES_MAX]


def frames(data: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Whole data frames from an offset on, each with the offset behind it; a last one that is not whole is left.
    Control frames are passed over. NotDnstap where no frame can be."""
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if length == 0:
            if at + 8 > len(data):
                return
            length = int.from_bytes(data[at + 4 : at + 8])
            if length > _CONTROL_BYTES_MAX:
                raise NotDnstap(Text("a control frame of {bytes} bytes", bytes=length))
            at += 8 + length
            continue
        if length > FRAME_BYTES_MAX:
            raise NotDnstap(Text("a frame of {bytes} bytes, more than {most}", bytes=length, most=FRAME_BYTES_MAX))
        end = at + 4 + length
        if end > len(data):
            return
        yield data[at + 4 : end], end
        at = end


def tapped(frame: bytes) -> Tapped:
    """The message in a frame. NotDnstap."""
    outer = _fields(frame)
    inner = outer.get(_MESSAGE)
    if not isinstance(inner, bytes):
        raise NotDnstap(Text("no dnstap message"))
    fields = _fields(inner)
    kind = _number(fields, 1)
    answer = kind % 2 == 0
    seconds, nanoseconds = (
        (_number(fields, 12), _number(fields, 13)) if answer else (_number(fields, 8), _number(fields, 9))
    )
    return Tapped(
        kind=kind,
        protocol=_number(fields, 3),
        client=_bytes(fields, 4),
        server=_bytes(fields, 5),
        client_port=_number(fields, 6),
        server_port=_number(fields, 7),
        us=seconds * 1_000_000 + nanoseconds // 1000,
        raw=_bytes(fields, 14 if answer else 10),
    )


def _fields(data: bytes) -> dict[int, int | bytes]:
    """Number -> value, the last of each."""
    fields: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                fields[key >> 3], at = _varint(data, at)
            case 1 | 5 as width:
                size = 8 if width == 1 else 4
                if at + size > len(data):
                    raise NotDnstap(Text("cut off"))
                fields[key >> 3] = int.from_bytes(data[at : at + size], "little")
                at += size
            case 2:
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise NotDnstap(Text("cut off"))
                fields[key >> 3] = data[at : at + length]
                at += length
            case other:
                raise NotDnstap(Text("wire type {what}", what=other))
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise NotDnstap(Text("cut off"))
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise NotDnstap(Text("a number without an end"))


def _number(found: dict[int, int | bytes], field: int) -> int:
    value = found.get(field, 0)
    if isinstance(value, bytes):
        raise NotDnstap(Text("field {what} is no number", what=field))
    return value


def _bytes(found: dict[int, int | bytes], field: int) -> bytes:
    value = found.get(field, b"")
    if isinstance(value, int):
        raise NotDnstap(Text("field {what} is no text", what=field))
    return value
