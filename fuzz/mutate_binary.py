"""Mutators for bytes with lengths in them: DER, captures, TLS, protobuf, NetFlow, archives. What holds a length is
mostly given the right one after the change, so that what lies inside is reached."""

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator
from random import Random
from typing import Final

from fuzz.mutate import BYTES, EDGES, PIECES, Mutator

# --- DER: a tree of tag, length, value -----------------------------------------------------------------------------

Node = tuple[int, "bytes | list[Node]"]
_DER_DEPTH_MAX: Final = 20
_TIMES: Final = (
    b"000101000000Z",
    b"991231235959Z",
    b"500101000000Z",
    b"491231235959Z",
    b"00000000000000Z",
    b"99991231235959Z",
    b"10000101000000Z",
    b"20260230000000Z",
    b"20260101006060Z",
    b"20260101000000.5Z",
    b"2026010100Z",
    b"260101000000+0100",
    b"",
    b"Z",
    b"19491231235959Z",
    b"20260101000000",
)
_OIDS: Final = (
    b"",
    b"\x80",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a",
    b"\x2b\x65\x70",
    b"\x2b\x65\x71",
    b"\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x55\x04\x03",
    b"\x55\x1d\x11",
    b"\xff" * 20,
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b",
    b"\x2a\x86\x48\xce\x3d\x03\x01\x07",
    b"\x60\x86\x48\x01\x65\x03\x04\x03\x11",
    b"\x2a" + b"\x81" * 30 + b"\x01",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02",
    b"\x2a\x86\x48\xce\x38\x04\x01",
)
_INTEGERS: Final = (
    b"\0",
    b"\1",
    b"\2",
    b"\6",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"",
    b"\0\xff",
    b"\0" * 9,
    b"\x7f" + b"\xff" * 7,
    b"\x80" + b"\0" * 20,
    b"\0" + b"\xff" * 2048,
    b"\x01" + b"\0" * 1023,
    b"\0\0\1",
)


def der_tree(data: bytes, depth: int = 0) -> "list[Node] | None":
    """The nodes of DER bytes, or None where they are none."""
    nodes: list[Node] = []
    at = 0
    while at < len(data):
        if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
            return None
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            width = length & 0x7F
            if not 0 < width <= 4:
                return None
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + length > len(data):
            return None
        value = data[at : at + length]
        at += length
        inner = der_tree(value, depth + 1) if depth < _DER_DEPTH_MAX and (tag & 0x20 or tag == 4) and value else None
        if tag == 3 and value[:1] == b"\0" and depth < _DER_DEPTH_MAX and der_tree(value[1:], depth + 1):
            inner = None
        nodes.append((tag, value if inner is None else inner))
    return nodes


def der_bytes(nodes: "list[Node]") -> bytes:
    out = b""
    for tag, value in nodes:
        body = value if isinstance(value, bytes) else der_bytes(value)
        if len(body) < 0x80:
            head = bytes([tag, len(body)])
        else:
            raw = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
            head = bytes([tag, 0x80 | len(raw)]) + raw
        out += head + body
    return out


def _der_places(nodes: "list[Node]") -> "Iterator[tuple[list[Node], int]]":
    for at, (_, value) in enumerate(nodes):
        yield nodes, at
        if isinstance(value, list):
            yield from _der_places(value)


def der(dice: Random, data: bytes) -> bytes:
    """A certificate (or key, or request) whose lengths hold, and something in it does not."""
    nodes = der_tree(data)
    if not nodes:
        return dice.choice(BYTES)(dice, data)
    places = list(_der_places(nodes))
    holder, at = dice.choice(places)
    tag, value = holder[at]
    act = dice.randrange(8)
    if act < 4 and isinstance(value, bytes):
        given: dict[int, tuple[bytes, ...]] = {
            2: _INTEGERS,
            6: _OIDS,
            0x17: _TIMES,
            0x18: _TIMES,
            5: (b"\0", b""),
            1: (b"\1", b"", b"\0\0"),
        }
        holder[at] = (
            dice.choice((0x17, 0x18)) if tag in (0x17, 0x18) else tag,
            dice.choice(given.get(tag, (*PIECES, b"", b"\0" * 300))),
        )
    elif act == 4:
        holder[at] = (
            dice.choice(
                (1, 2, 3, 4, 5, 6, 12, 19, 20, 22, 23, 24, 28, 30, 0x30, 0x31, 0x80, 0x82, 0x86, 0x87, 0xA0, 0xA3)
            ),
            value,
        )
    elif act == 5:
        del holder[at]
    elif act == 6:
        holder[at : at + 1] = [holder[at]] * dice.choice((2, 3, 40))
    else:
        other, where = dice.choice(places)
        holder[at] = other[where] if other is not holder or where != at else (tag, b"")
    try:
        return der_bytes(nodes)
    except RecursionError:
        return data


DER: Final[tuple[Mutator, ...]] = (der,)


# --- captures ------------------------------------------------------------------------------------------------------


def _blocks(data: bytes) -> list[bytes] | None:
    """A pcapng in little-endian order as blocks."""
    if data[:4] != b"\x0a\x0d\x0d\x0a" or data[8:12] != b"\x4d\x3c\x2b\x1a":
        return None
    found, at = [], 0
    while at + 12 <= len(data):
        length = struct.unpack_from("<I", data, at + 4)[0]
        if length < 12 or at + length > len(data):
            break
        found.append(data[at : at + length])
        at += length
    return found


def pcapng_block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def as_pcapng(packets: list[tuple[int, int, bytes]], linktype: int = 1, options: bytes = b"") -> bytes:
    """(high, low, frame) each: a section, an interface with these options, a packet block for each."""
    out = pcapng_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += pcapng_block(1, struct.pack("<HHI", linktype, 0, 0) + options)
    for high, low, frame in packets:
        out += pcapng_block(
            6, struct.pack("<IIIII", 0, high, low, len(frame), len(frame)) + frame + bytes(-len(frame) % 4)
        )
    return out


def pcap_packets(data: bytes) -> list[tuple[int, int, bytes]]:
    """(seconds, fraction, frame) of a little-endian pcap."""
    found, at = [], 24
    while at + 16 <= len(data) and data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        seconds, fraction, length, _ = struct.unpack_from("<IIII", data, at)
        if at + 16 + length > len(data):
            break
        found.append((seconds, fraction, data[at + 16 : at + 16 + length]))
        at += 16 + length
    return found


def as_pcap(packets: list[tuple[int, int, bytes]], linktype: int = 1) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, linktype)
    for seconds, fraction, frame in packets:
        out += struct.pack("<IIII", seconds & 0xFFFFFFFF, fraction & 0xFFFFFFFF, len(frame), len(frame)) + frame
    return out


def capture_time(dice: Random, data: bytes) -> bytes:
    """An impossible moment, or an impossible unit of time."""
    packets = pcap_packets(data)
    if packets:
        at = dice.randrange(len(packets))
        edge = dice.choice(EDGES)
        packets[at] = (edge & 0xFFFFFFFF, dice.choice(EDGES) & 0xFFFFFFFF, packets[at][2])
        if dice.random() < 0.5:
            return as_pcap(packets)
        unit = dice.choice((0, 6, 9, 18, 19, 63, 0x7F, 0x80, 0xBF, 0xFF))
        options = struct.pack("<HHB3x", 9, 1, unit) + dice.choice(
            (b"", struct.pack("<HHq", 14, 8, dice.choice((-1, 1 << 62, -(1 << 63)))))
        )
        return as_pcapng(
            [(second & 0xFFFFFFFF, part, frame) for second, part, frame in packets[:20]], 1, options + bytes(4)
        )
    blocks = _blocks(data)
    if not blocks:
        return dice.choice(BYTES)(dice, data)
    at = dice.randrange(len(blocks))
    block = bytearray(blocks[at])
    if struct.unpack_from("<I", block)[0] in (2, 6) and len(block) >= 28:
        struct.pack_into("<II", block, 12, dice.choice(EDGES) & 0xFFFFFFFF, dice.choice(EDGES) & 0xFFFFFFFF)
    blocks[at] = bytes(block)
    return b"".join(blocks)


def capture_frame(dice: Random, data: bytes) -> bytes:
    """Something inside one packet, whose length in the capture stays right."""
    packets = pcap_packets(data)
    if not packets:
        return capture_block(dice, data)
    at = dice.randrange(len(packets))
    frame = dice.choice(BYTES)(dice, packets[at][2])[:65_535]
    packets[at] = (*packets[at][:2], frame)
    if dice.random() < 0.2:
        packets.insert(dice.randrange(len(packets) + 1), packets[at])
    return as_pcap(
        packets, dice.choice((1, 1, 1, 0, 12, 101, 113, 228, 229, 276, 65_535)) if dice.random() < 0.1 else 1
    )


def capture_block(dice: Random, data: bytes) -> bytes:
    blocks = _blocks(data)
    if not blocks:
        return dice.choice(BYTES)(dice, data)
    at = dice.randrange(len(blocks))
    kind = struct.unpack_from("<I", blocks[at])[0]
    act = dice.randrange(5)
    if act == 0:
        blocks[at : at + 1] = [blocks[at]] * dice.choice((2, 3, 100))
    elif act == 1:
        del blocks[at]
    elif act == 2:
        option = struct.pack(
            "<HH", dice.choice((0, 1, 2, 3, 9, 10, 14, 0xFFFF)), dice.choice((0, 1, 8, 0xFFFF))
        ) + dice.choice((b"", b"\xff" * 8, b"\0" * 4))
        blocks[at] = pcapng_block(kind, blocks[at][8:-4] + option)
    elif act == 3:
        blocks[at] = pcapng_block(dice.choice((1, 2, 3, 4, 5, 6, 10, 0x0A0D0D0A, 0x80000001, 0xBAD)), blocks[at][8:-4])
    else:
        blocks[at] = pcapng_block(kind, dice.choice(BYTES)(dice, blocks[at][8:-4])[:65_536])
    return b"".join(blocks)


CAPTURE: Final[tuple[Mutator, ...]] = (capture_time, capture_frame, capture_frame, capture_frame, capture_block)


# --- TLS records and handshakes -------------------------------------------------------------------------------------


def _records(data: bytes) -> list[tuple[int, int, bytes]] | None:
    found, at = [], 0
    while at + 5 <= len(data):
        kind, version, length = struct.unpack_from(">BHH", data, at)
        if at + 5 + length > len(data):
            break
        found.append((kind, version, data[at + 5 : at + 5 + length]))
        at += 5 + length
    return found or None


def tls(dice: Random, data: bytes) -> bytes:
    """A handshake whose records and message lengths hold, or one of them that does not."""
    found = _records(data)
    if not found:
        return dice.choice(BYTES)(dice, data)
    at = dice.randrange(len(found))
    kind, version, body = found[at]
    act = dice.randrange(7)
    if act < 3 and kind == 22 and len(body) > 4:
        inner = dice.choice(BYTES)(dice, body[4:])[:16_000]
        body = body[:1] + len(inner).to_bytes(3, "big") + inner
    elif act == 3:
        version = dice.choice((0, 0x0300, 0x0301, 0x0303, 0x0304, 0x7F1C, 0xFEFD, 0xFFFF))
    elif act == 4:
        kind = dice.choice((0, 20, 21, 22, 23, 24, 255))
    elif act == 5 and len(body) > 2:
        cut = dice.randrange(1, len(body))
        found.insert(at + 1, (kind, version, body[cut:]))
        body = body[:cut]
    else:
        body = dice.choice(BYTES)(dice, body)[:17_000]
    found[at] = (kind, version, body)
    return b"".join(struct.pack(">BHH", kind, version, len(body)) + body for kind, version, body in found)


TLS: Final[tuple[Mutator, ...]] = (tls,)


# --- protobuf and other tagged bytes --------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _fields(data: bytes) -> "list[tuple[int, int, bytes]] | None":
    """(field, wire type, raw value) of protobuf bytes."""
    found, at = [], 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    try:
        while at < len(data):
            key = number()
            start = at
            match key & 7:
                case 0:
                    number()
                    found.append((key >> 3, 0, data[start:at]))
                case 2:
                    length = number()
                    if at + length > len(data):
                        return None
                    found.append((key >> 3, 2, data[at : at + length]))
                    at += length
                case 1 | 5 as wire:
                    width = 8 if wire == 1 else 4
                    found.append((key >> 3, wire, data[at : at + width]))
                    at += width
                case _:
                    return None
    except IndexError:
        return None
    return found


def protobuf(dice: Random, data: bytes, depth: int = 0) -> bytes:
    found = _fields(data)
    if not found:
        return dice.choice(BYTES)(dice, data)
    at = dice.randrange(len(found))
    field, wire, value = found[at]
    act = dice.randrange(7)
    if act < 3 and wire == 2:
        value = (
            protobuf(dice, value, depth + 1) if depth < 4 and dice.random() < 0.7 else dice.choice(BYTES)(dice, value)
        )
    elif act == 3 and wire == 0:
        value = _varint(dice.choice(EDGES)) if dice.random() < 0.8 else b"\xff" * 12
    elif act == 4:
        field = dice.choice((0, 1, 2, 10, 14, 15, 16, 1 << 28))
    elif act == 5:
        found.insert(dice.randrange(len(found) + 1), found[at])
    else:
        wire = dice.choice((0, 1, 2, 3, 4, 5, 6, 7))
    found[at] = (field, wire, value)
    return b"".join(_varint(f << 3 | w) + (_varint(len(v)) if w == 2 else b"") + v for f, w, v in found)


PROTOBUF: Final[tuple[Mutator, ...]] = (protobuf,)


def framed(dice: Random, data: bytes, inner: Mutator = protobuf) -> bytes:
    """Behind each length of four bytes one piece: the change is inside a piece, the length goes with it."""
    pieces, at = [], 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 0:  # Frame Streams' control frame
            size = int.from_bytes(data[at + 4 : at + 8], "big")
            pieces.append(data[at : at + 8 + size])
            at += 8 + size
        else:
            pieces.append(data[at : at + 4 + length])
            at += 4 + length
    if not pieces:
        return dice.choice(BYTES)(dice, data)
    here = dice.randrange(len(pieces))
    if pieces[here][:4] != b"\0\0\0\0" and dice.random() < 0.8:
        piece = inner(dice, pieces[here][4:])
        pieces[here] = len(piece).to_bytes(4, "big") + piece
    elif dice.random() < 0.5:
        pieces[here] = dice.choice(BYTES)(dice, pieces[here])
    else:
        pieces.insert(dice.randrange(len(pieces) + 1), pieces.pop(here))
    return b"".join(pieces)


FRAMES: Final[tuple[Mutator, ...]] = (framed,)


# --- flow records ---------------------------------------------------------------------------------------------------


def flow_sets(dice: Random, data: bytes) -> bytes:
    """NetFlow 9 and IPFIX: a set whose length holds and whose content is bent: templates of no field, of fields of no
    length, variable ones, an enterprise's, withdrawn ones, numbers below 256."""
    version = int.from_bytes(data[:2], "big")
    if version not in (9, 10) or len(data) < 20:
        return dice.choice(BYTES)(dice, data)
    head = 20 if version == 9 else 16
    sets, at = [], head
    while at + 4 <= len(data):
        number, length = struct.unpack_from(">HH", data, at)
        if length < 4:
            break
        sets.append((number, data[at + 4 : at + length]))
        at += length
    template = 0 if version == 9 else 2
    act = dice.randrange(8)
    if act < 2:
        fields = [
            (
                dice.choice(
                    (0, 1, 2, 4, 7, 8, 10, 11, 12, 21, 22, 27, 28, 34, 52, 61, 89, 148, 152, 153, 210, 0x8001, 0xFFFF)
                ),
                dice.choice((0, 1, 2, 3, 4, 8, 9, 16, 17, 255, 1400, 0xFFFE, 0xFFFF)),
            )
            for _ in range(dice.choice((0, 1, 3, 12, 60)))
        ]
        body = struct.pack(
            ">HH",
            dice.choice((0, 2, 255, 256, 257, 300, 0xFFFF)),
            dice.choice((len(fields), 0, len(fields) + 1, 0xFFFF)),
        )
        for kind, width in fields:
            body += struct.pack(">HH", kind, width) + (
                struct.pack(">I", dice.choice((0, 9, 29305))) if kind & 0x8000 and version == 10 else b""
            )
        sets.insert(dice.randrange(len(sets) + 1), (dice.choice((template, template + 1)), body))
    elif act == 2:
        sets.append((dice.choice((256, 257, 300, 999)), dice.randbytes(dice.choice((1, 3, 40, 1000)))))
    elif act == 3 and sets:
        here = dice.randrange(len(sets))
        sets[here] = (dice.choice((0, 1, 2, 3, 4, 255, 256, sets[here][0])), sets[here][1])
    elif act == 4 and sets:
        sets.insert(0, dice.choice(sets))
    elif sets:
        here = dice.randrange(len(sets))
        sets[here] = (sets[here][0], dice.choice(BYTES)(dice, sets[here][1])[:40_000])
    body = b"".join(struct.pack(">HH", number, min(len(part) + 4, 65_535)) + part for number, part in sets)
    top = bytearray(data[:head])
    if version == 10 and dice.random() < 0.9:
        struct.pack_into(">H", top, 2, min(len(body) + 16, 65_535))
    if dice.random() < 0.1:
        at = dice.randrange(2, head - 3)
        struct.pack_into(">I", top, at, dice.choice(EDGES) & 0xFFFFFFFF)
    return bytes(top) + body


FLOWS: Final[tuple[Mutator, ...]] = (flow_sets, flow_sets)


# --- CBOR -----------------------------------------------------------------------------------------------------------

_CBOR: Final = (
    b"\xa0",
    b"\x80",
    b"\xf6",
    b"\xf7",
    b"\xf9\x7e\x00",
    b"\xfb\x7f\xf0\0\0\0\0\0\0",
    b"\x1b" + b"\xff" * 8,
    b"\x3b" + b"\xff" * 8,
    b"\x5b\xff\xff\xff\xff\0\0\0\0",
    b"\x9f",
    b"\xbf",
    b"\x5f",
    b"\xff",
    b"\xc2\x49" + b"\xff" * 9,
    b"\xc0\x61x",
    b"\xd8\x1c\x80",
    b"\xd8\x1d\x00",
    b"\x81" * 3000 + b"\0",
    b"\x62\xed\xa0",
    b"\x63\xed\xa0\x80",
    b"\xa1\xa0\0",
    b"\xa1\x80\0",
    b"\xa2\1\1\1\2",
    b"\xd9\xd9\xf7\0",
    b"\x9b\0\0\0\1\0\0\0\0",
)


def cbor(dice: Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(_CBOR) + data[at + dice.choice((0, 1, 2, 8)) :]


CBOR: Final[tuple[Mutator, ...]] = (cbor, cbor)


# --- archives -------------------------------------------------------------------------------------------------------


def unpacked(inner: tuple[Mutator, ...]) -> Mutator:
    """A gzip whose content was changed and packed again, a bomb, two of them, or one cut off."""

    def change(dice: Random, data: bytes) -> bytes:
        act = dice.random()
        if act < 0.08:
            return gzip.compress(dice.choice((b"\0", b"a", b"{", b"\n")) * dice.choice((1 << 20, 24 << 20)), 6, mtime=0)
        if act < 0.16:
            return data + data
        try:
            plain = gzip.decompress(data)
        except (OSError, EOFError, ValueError, __import__("zlib").error):
            return dice.choice(BYTES)(dice, data)
        return gzip.compress(dice.choice(inner or BYTES)(dice, plain), 1, mtime=0)

    return change


def zip_member(dice: Random, data: bytes) -> bytes:
    """A zip whose member has other bytes, another name, or comes twice."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as given:
            members = [(info.filename, given.read(info)) for info in given.infolist() if info.file_size < 1 << 20]
    except Exception:  # noqa: BLE001 - a mutant of a mutant
        return dice.choice(BYTES)(dice, data)
    if not members:
        return data
    at = dice.randrange(len(members))
    name, body = members[at]
    act = dice.randrange(6)
    if act == 0:
        name = dice.choice(("../x", "/x", "x" * 300, "", "a/../../b", "é", "manifest.json"))
    elif act == 1:
        members.append(members[at])
    elif act == 2:
        del members[at]
    elif act == 3:
        body = b"\0" * (8 << 20)
    else:
        from fuzz.mutate_json import JSON

        body = dice.choice((*JSON, *BYTES) if name.endswith("json") else BYTES)(dice, body)
    if act != 2:
        members[at] = (name, body)
    out = io.BytesIO()
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")
        for name, body in members:
            made.writestr(zipfile.ZipInfo(name or "_"), body)
    return out.getvalue()


ZIP: Final[tuple[Mutator, ...]] = (zip_member, zip_member)
