"""What was said in a conversation, for a person to read: HTTP, DNS, the hellos of TLS, SMB; else text or bytes as hex.

Read by h11, dnspython and the node's own readers of hellos and SMB. A reader that stumbles costs its own reading: the
bytes are shown then. What is encrypted stays so. Nothing that stands here is more than letters: what a screen would act
on is written out, long things are cut and it is said how much is hidden.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bavn.app.analyst.packets.conversation import Conversation, Piece
from bavn.app.analyst.packets.smb import smb_of

TURNS_MAX: Final = 400
LINES_MAX: Final = 60
LINE_CHARS_MAX: Final = 500
TEXT_BYTES_MAX: Final = 4096
HEX_BYTES_MAX: Final = 256
_METHOD: Final = re.compile(rb"[A-Z][A-Z-]{1,19} \S{1,8000} HTTP/1\.[01]\r?\n")
_TLS: Final = re.compile(rb"\x16\x03[\x00-\x04]")
_SMB: Final = re.compile(rb"\x00...[\xfc-\xff]SMB", re.DOTALL)
_DNS_PORTS: Final = frozenset({53, 5353, 5355})
_MESSAGE_BYTES_MAX: Final = 1 << 17
_HELLO, _ANSWER, _CERTIFICATE, _CCS = 1, 2, 11, 20
_MESSAGES: Final = {
    0: "HelloRequest",
    4: "NewSessionTicket",
    8: "EncryptedExtensions",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "ChangeCipherSpec",
    22: "CertificateStatus",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said. ``head``: in one line; ``lines``: the rest, within bounds; ``hidden``: bytes not shown."""

    at_us: int
    client: bool
    head: str
    lines: tuple[str, ...] = ()
    hidden: int = 0


class Unreadable(ValueError):
    """The bytes are none of this protocol."""


def said_in(talk: Conversation) -> tuple[str, list[Turn], bool]:
    """The protocol by its name, ``text`` where it is none that is read; the turns; whether there are others."""
    name, reader = _reader_of(talk)
    turns: list[Turn] = []
    try:
        for turn in reader(talk):
            turns.append(turn)
            if len(turns) > TURNS_MAX:
                break
    except Exception:  # noqa: BLE001  strangers' bytes, read by others' libraries: shown as they are
        name, turns = "text", list(_plain(talk))
    return name, turns[:TURNS_MAX], len(turns) > TURNS_MAX


def _reader_of(talk: Conversation) -> tuple[str, Callable[[Conversation], Iterator[Turn]]]:
    ports = {talk.client_port, talk.server_port}
    first = next((piece.data for piece in talk.pieces if piece.client), b"")
    answer = next((piece.data for piece in talk.pieces if not piece.client), b"")
    if ports & _DNS_PORTS:
        return "dns", _dns
    if talk.proto == "udp":
        return "text", _plain
    if _METHOD.match(first):
        return "http", _http
    if _TLS.match(first) or (not first and _TLS.match(answer)):
        return "tls", _tls
    if _SMB.match(first) or (not first and _SMB.match(answer)):
        return "smb", _smb
    return "text", _plain


def visible(text: str) -> str:
    """Without anything that a screen would act on: controls, marks that turn the direction, half letters."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)[:LINE_CHARS_MAX]


def shown(data: bytes) -> tuple[tuple[str, ...], int]:
    """Bytes as lines: text where it is text, else hex with what of it is letters; and how many bytes are hidden."""
    head = data[:TEXT_BYTES_MAX]
    text = head.decode("utf-8", "replace")
    odd = sum(not (letter.isprintable() or letter in "\r\n\t") or letter == "\ufffd" for letter in text)
    if odd * 10 > len(text):
        head = data[:HEX_BYTES_MAX]
        return tuple(_hex_line(head, at) for at in range(0, len(head), 16)), len(data) - len(head)
    every = [visible(line.expandtabs(4)) for line in text.replace("\r\n", "\n").rstrip("\n").split("\n")]
    lines = every[:LINES_MAX]
    if len(every) > LINES_MAX or any(len(line) >= LINE_CHARS_MAX for line in lines):
        whole = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
        return tuple(lines), max(1, len(data) - whole)
    return tuple(lines), len(data) - len(head)


def _hex_line(data: bytes, at: int) -> str:
    row = data[at : at + 16]
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
    return f"{at:06x}  {row.hex(' '):<47}  {letters}"


def _plain(talk: Conversation) -> Iterator[Turn]:
    """Neighbouring pieces of one side are one turn."""
    held: Piece | None = None
    for piece in talk.pieces:
        if held is not None and held.client == piece.client and talk.proto == "tcp":
            held = Piece(held.at_us, held.client, held.data + piece.data)
            continue
        if held is not None:
            yield _bytes_turn(held)
        held = piece
    if held is not None:
        yield _bytes_turn(held)


def _bytes_turn(piece: Piece) -> Turn:
    lines, hidden = shown(piece.data)
    return Turn(piece.at_us, piece.client, f"{len(piece.data):,} bytes", lines, hidden)


def _http(talk: Conversation) -> Iterator[Turn]:
    """Two ends of h11 beside the wire: each hears what the other was heard to say."""
    import h11

    ends = {
        True: h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 17),
        False: h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 17),
    }
    bodies: dict[bool, bytearray] = {True: bytearray(), False: bytearray()}
    heads: dict[bool, tuple[int, str, tuple[str, ...]]] = {}

    def drain(at_us: int, *, client: bool) -> Iterator[Turn]:
        end, other = ends[client], ends[not client]
        while (event := end.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request | h11.Response | h11.InformationalResponse):
                heads[client] = (at_us, *_http_head(event))
            elif isinstance(event, h11.Data):
                bodies[client] += event.data
            if isinstance(event, h11.ConnectionClosed):
                return
            other.send(_as_sent(event))
            if isinstance(event, h11.EndOfMessage | h11.InformationalResponse):
                yield _http_turn(client, heads.pop(client), bytes(bodies[client]))
                bodies[client].clear()
            if all(one.our_state is one.their_state is h11.DONE for one in ends.values()):
                for one in ends.values():
                    one.start_next_cycle()

    last_us = talk.last_us
    for piece in talk.pieces:
        if h11.SWITCHED_PROTOCOL in (ends[piece.client].our_state, ends[piece.client].their_state):
            yield _bytes_turn(piece)
            continue
        ends[piece.client].receive_data(piece.data)
        yield from drain(piece.at_us, client=piece.client)
        yield from drain(piece.at_us, client=not piece.client)
    for client, (at_us, head, lines) in sorted(heads.items(), key=lambda item: item[1][0]):
        yield _http_turn(client, (at_us or last_us, head, lines), bytes(bodies[client]))


def _as_sent(event: Any) -> Any:
    """h11 hears HTTP/1.0 and says only 1.1."""
    import h11

    if isinstance(event, h11.Request):
        return h11.Request(method=event.method, target=event.target, headers=_hosted(event))
    if isinstance(event, h11.Response | h11.InformationalResponse):
        return type(event)(status_code=event.status_code, headers=event.headers, reason=event.reason)
    return event


def _hosted(event: Any) -> list[tuple[bytes, bytes]]:
    headers = [(bytes(name), bytes(value)) for name, value in event.headers]
    return headers if any(name == b"host" for name, _ in headers) else [*headers, (b"host", b"")]


def _http_head(event: Any) -> tuple[str, tuple[str, ...]]:
    version = event.http_version.decode("latin-1")
    if hasattr(event, "method"):
        head = f"{event.method.decode('latin-1')} {event.target.decode('latin-1')} HTTP/{version}"
    else:
        head = f"HTTP/{version} {event.status_code} {event.reason.decode('latin-1')}"
    lines = [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in event.headers.raw_items()]
    return visible(head), tuple(visible(line) for line in lines[:LINES_MAX])


def _http_turn(client: bool, head: tuple[int, str, tuple[str, ...]], body: bytes) -> Turn:
    at_us, line, headers = head
    if not body:
        return Turn(at_us, client, line, headers)
    lines, hidden = shown(body)
    return Turn(at_us, client, line, (*headers, "", *lines), hidden)


def _framed(talk: Conversation, width: int) -> Iterator[tuple[int, bool, bytes]]:
    """Messages with their length before them in the last ``width`` bytes of a head of 2 (DNS) or 4 (SMB)."""
    held = {True: bytearray(), False: bytearray()}
    head = 2 if width == 2 else 4
    for piece in talk.pieces:
        mine = held[piece.client]
        mine += piece.data
        while len(mine) >= head:
            size = int.from_bytes(mine[head - width : head])
            if size > _MESSAGE_BYTES_MAX:
                raise Unreadable
            if len(mine) < head + size:
                break
            yield piece.at_us, piece.client, bytes(mine[head : head + size])
            del mine[: head + size]


def _dns(talk: Conversation) -> Iterator[Turn]:
    import dns.message

    if talk.proto == "udp":
        whole: Iterator[tuple[int, bool, bytes]] = ((one.at_us, one.client, one.data) for one in talk.pieces)
    else:
        whole = _framed(talk, 2)
    for at_us, client, data in whole:
        try:
            lines = dns.message.from_wire(data, ignore_trailing=True).to_text().splitlines()
        except Exception:  # noqa: BLE001  this one is no message; the next may be
            yield _bytes_turn(Piece(at_us, client, data))
            continue
        question = next(
            (line for line in lines if line and not line.startswith((";", "id ", "opcode", "rcode", "flags"))), ""
        )
        yield Turn(at_us, client, visible(question or lines[0]), tuple(map(visible, lines[:LINES_MAX])))


def _tls(talk: Conversation) -> Iterator[Turn]:
    """Hellos and certificates; from where a side is encrypted, how many bytes of it."""
    from bavn.actor.sense.handshakes.talk import Messages

    messages, streams = {True: Messages(), False: Messages()}, {True: bytearray(), False: bytearray()}
    closed = {True: False, False: False}
    hidden: Turn | None = None
    for piece in talk.pieces:
        mine = streams[piece.client]
        if not closed[piece.client]:
            mine += piece.data
            for kind, body in messages[piece.client].of(mine):
                if kind in (_CCS, -1):
                    closed[piece.client] = True
                    break
                yield Turn(piece.at_us, piece.client, *_tls_message(kind, body))
            if not closed[piece.client]:
                continue
        if hidden is None or hidden.client != piece.client:
            if hidden is not None:
                yield hidden
            hidden = Turn(piece.at_us, piece.client, "encrypted")
        hidden = Turn(hidden.at_us, hidden.client, hidden.head, (), hidden.hidden + len(piece.data))
    if hidden is not None:
        yield hidden


def _tls_message(kind: int, body: bytes) -> tuple[str, tuple[str, ...]]:
    from bavn.actor.formats.tls_hello import client_hello, first_certificate, server_hello
    from bavn.actor.sense.handshakes.certificate import facts

    hello: Any = None
    name = _MESSAGES.get(kind, f"handshake message {kind}")
    if kind == _HELLO:
        name, hello = "ClientHello", client_hello(body)
    elif kind == _ANSWER:
        name, hello = "ServerHello", server_hello(body)
    elif kind == _CERTIFICATE:
        der = first_certificate(body)
        name, hello = "Certificate", facts(der) if der else None
    if hello is None:
        return name, ()
    told = {field: getattr(hello, field) for field in hello.__dataclass_fields__}
    lines = []
    for field, value in told.items():
        written = (
            ", ".join(map(str, value))
            if isinstance(value, tuple)
            else value.hex()
            if isinstance(value, bytes)
            else value
        )
        if written not in (None, "", False):
            lines.append(visible(f"{field}: {written}"))
    if kind == _HELLO and hello.name:
        name = visible(f"{name} {hello.name}")
    return name, tuple(lines)


def _smb(talk: Conversation) -> Iterator[Turn]:
    """The header of each message, and what a person looks for: the share, the file."""
    for at_us, client, data in _framed(talk, 3):
        if data[:4] != b"\xfeSMB":
            head = "SMB3, encrypted" if data[:4] == b"\xfdSMB" else "SMB1" if data[:4] == b"\xffSMB" else "SMB"
            lines, hidden = shown(b"" if data[:4] == b"\xfdSMB" else data)
            yield Turn(at_us, client, head, lines, hidden or (len(data) if not lines[0] else 0))
            continue
        message = smb_of(data)
        head = f"{message.command} {message.named}".strip()
        lines = () if client else (f"status: {message.status}",)
        yield Turn(at_us, client, visible(f"{head} {'' if client else '(answer)'}".strip()), lines)
