"""Packets in, rows out: which conversations begin with TLS, QUIC or SSH and what they agree on (record ``kex``), which
are DICOM or HL7 and what they ask for (record ``clinical``).

Only the first bytes of a conversation are held, in bounded streams; all later packets cost one look-up. A TLS hello in
the middle of a stream (STARTTLS, a proxy's CONNECT) begins one too. One outcome a conversation: a row, passed (its
hello never came whole) or refused with a reason. Refuses to keep more than its bounds: the oldest conversation is given
as it stands.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.formats.headers import TCP, UDP, mapped
from bavn.actor.sense.handshakes import hl7
from bavn.actor.sense.handshakes.clinical import DicomTalk, Hl7Talk
from bavn.actor.sense.handshakes.dicom import ASSOCIATE_RQ, begins_association
from bavn.actor.sense.handshakes.packets import Packet
from bavn.actor.sense.handshakes.quic import (
    INITIAL_BYTES_MIN,
    Keys,
    QuicMalformed,
    crypto_frames,
    initials,
    keys_of,
    looks_initial,
    opened,
)
from bavn.actor.sense.handshakes.ssh import GREETING
from bavn.actor.sense.handshakes.stream import Stream
from bavn.actor.sense.handshakes.talk import QuicTalk, SshTalk, Talk, TlsTalk
from bavn.actor.sense.unread import unreadable
from bavn.model.text import Text

CONVERSATIONS_MAX: Final = 20_000
"""Known at a time. A talking one holds at most 400 KB, one that is done or of no interest some 300 bytes."""
TALKING_MAX: Final = 2_000
SILENT_US: Final = 60_000_000
"""A conversation whose hello got no answer for so long is given as it stands, when asked."""
_SYN, _ACK = 0x02, 0x10
_HANDSHAKE: Final = 0x16
_FIRST_BYTES: Final = 6
_DICOM_VERSION: Final = b"\0\1"
_TALKS: Final[Mapping[int, Callable[[], Talk]]] = {
    _HANDSHAKE: TlsTalk,
    hl7.BEGIN[0]: Hl7Talk,
    ASSOCIATE_RQ: DicomTalk,
}
"""By the first byte of what begins amid a stream; SSH where it is none of these."""

_Side = tuple[bytes, int]
_Key = tuple[int, _Side, _Side]


@dataclass(slots=True)
class _Conversation:
    """``talk`` None: not known yet what it speaks (``fresh``), or nothing of interest, or done."""

    number: int
    ts_us: int
    client: _Side
    server: _Side
    to_server: Stream | None = None
    to_client: Stream | None = None
    talk: Talk | None = None
    fresh: bool = False
    done: bool = False
    keys: tuple[Keys, Keys] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """``rows``: each names its ``table``. ``refused``: (packet number, reason) of conversations that are none of what
    they began as. ``passed``: those that broke off before there was anything to tell."""

    rows: list[dict[str, Any]]
    refused: list[tuple[int, Text]]
    passed: int


class KexReader:
    """What it found is taken with ``take``."""

    def __init__(self) -> None:
        self._known: dict[_Key, _Conversation] = {}
        self._talking: dict[_Key, None] = {}
        self._rows: list[dict[str, Any]] = []
        self._refused: list[tuple[int, Text]] = []
        self._passed = 0

    def feed(self, packet: Packet) -> None:
        """The next packet, in the order of the capture. Whatever its bytes do, they cost its conversation at most."""
        try:
            if packet.protocol == TCP:
                if packet.payload or packet.flags & _SYN:
                    self._tcp(packet)
            elif looks_initial(packet.payload):
                self._quic(packet)
        except Exception as error:  # noqa: BLE001  they are a stranger's
            self._unread(packet, error)

    def _unread(self, packet: Packet, error: Exception) -> None:
        """The conversation's one outcome is that it could not be read."""
        key = _key_of(packet)
        self._talking.pop(key, None)
        conversation = self._known.get(key)
        if conversation is not None:
            conversation.talk, conversation.fresh, conversation.done = None, False, True
            conversation.to_server = conversation.to_client = None
        self._refused.append(
            (packet.number if conversation is None else conversation.number, unreadable(error, packet.payload))
        )

    def take(self) -> "Taken":
        """What was found since the last time, in the order of first packets."""
        taken = Taken(
            sorted(self._rows, key=lambda row: (row["ts_us"], row["number"])), sorted(self._refused), self._passed
        )
        self._rows, self._refused, self._passed = [], [], 0
        return taken

    def settle(self, before_us: int | None = None) -> None:
        """Give what began before this moment (None: all) as it stands."""
        for key in [key for key in self._talking if before_us is None or self._known[key].ts_us < before_us]:
            self._end(key)
        if before_us is None:
            self._known.clear()

    def _tcp(self, packet: Packet) -> None:
        src, key = (packet.src, packet.src_port), _key_of(packet)
        conversation = self._known.get(key)
        if packet.flags & _SYN:
            conversation = self._opening(packet, key, conversation)
            if conversation is None or not packet.payload:
                return
        if conversation is not None and conversation.done:
            return
        if conversation is None or (conversation.talk is None and not conversation.fresh):
            if not _begins_midway(packet.payload, first=conversation is None):
                return
            conversation = self._midway(packet, key)
        start = (packet.seq + 1) % (1 << 32) if packet.flags & _SYN else packet.seq
        by_client = src == conversation.client
        if conversation.to_client is None:
            conversation.to_client = Stream(packet.ack if by_client else start)
        if conversation.to_server is None:
            conversation.to_server = Stream(start if by_client else packet.ack)
        stream = conversation.to_server if by_client else conversation.to_client
        if (
            conversation.fresh
            and stream.untouched
            and not stream.begins_at(start)
            and _begins_hello(packet.payload, ssh=True)
        ):
            # Opened by other numbers than those it goes on with: a SYN that nobody answered, or somebody else's.
            conversation = self._midway(packet, key)
            by_client = src == conversation.client
            stream = _side(conversation, by_client=by_client)
        grew = stream.add(start, packet.payload)
        if conversation.fresh and grew:
            self._decide(key, conversation, by_client=by_client)
            if by_client and isinstance(conversation.talk, TlsTalk) and _side(conversation, by_client=False).untouched:
                conversation.to_client = Stream(packet.ack)  # the client knows where the server's side begins
        if conversation.talk is None:
            return
        if grew:
            conversation.talk.read(_side(conversation, by_client=True).data, _side(conversation, by_client=False).data)
        if conversation.talk.done or (stream.full and (by_client or not conversation.talk.one_sided)):
            self._end(key)

    def _opening(self, packet: Packet, key: _Key, conversation: _Conversation | None) -> _Conversation | None:
        """A SYN begins a conversation, a SYN-ACK says where the server's side begins."""
        begin = (packet.seq + 1) % (1 << 32)
        src, dst = (packet.src, packet.src_port), (packet.dst, packet.dst_port)
        if packet.flags & _ACK:
            if conversation is None:
                conversation = self._add(key, _Conversation(packet.number, packet.ts_us, dst, src, Stream(packet.ack)))
                conversation.fresh = True
            if conversation.to_client is None and not conversation.done:
                conversation.to_client = Stream(begin)
            return conversation
        if conversation is not None and conversation.fresh and conversation.client == src:
            return conversation
        self._end(key)
        self._known.pop(key, None)
        made = _Conversation(packet.number, packet.ts_us, src, dst, Stream(begin))
        made.fresh = True
        return self._add(key, made)

    def _midway(self, packet: Packet, key: _Key) -> _Conversation:
        """The first that is seen of a conversation, or where it turns to TLS, is this packet."""
        self._known.pop(key, None)
        src, dst = (packet.src, packet.src_port), (packet.dst, packet.dst_port)
        first = packet.payload[0]
        if first == GREETING[0] and packet.src_port < packet.dst_port:
            conversation = _Conversation(packet.number, packet.ts_us, dst, src, Stream(packet.ack), Stream(packet.seq))
        else:
            conversation = _Conversation(packet.number, packet.ts_us, src, dst, Stream(packet.seq), Stream(packet.ack))
        self._add(key, conversation)
        self._begin(key, conversation, _TALKS.get(first, SshTalk)())
        return conversation

    def _decide(self, key: _Key, conversation: _Conversation, *, by_client: bool) -> None:
        """What a conversation speaks, by the first bytes of the side that spoke."""
        stream = conversation.to_server if by_client else conversation.to_client
        if stream is None or (len(stream.data) < _FIRST_BYTES and _may_begin(stream.data)):
            return
        conversation.fresh = False
        if stream.data.startswith(GREETING):
            self._begin(key, conversation, SshTalk())
        elif by_client and _begins_hello(stream.data, ssh=False):
            self._begin(key, conversation, TlsTalk())
        elif by_client and begins_association(stream.data):
            self._begin(key, conversation, DicomTalk())
        elif by_client and stream.data.startswith(hl7.BEGIN):
            self._begin(key, conversation, Hl7Talk())
        elif not by_client and stream.data[0] == _HANDSHAKE:
            conversation.fresh = True  # an answer that came before its question
        else:
            conversation.to_server = conversation.to_client = None

    def _quic(self, packet: Packet) -> None:
        src, dst = (packet.src, packet.src_port), (packet.dst, packet.dst_port)
        key = _key_of(packet)
        conversation = self._known.get(key)
        if conversation is None:
            if len(packet.payload) < INITIAL_BYTES_MIN:
                return
            conversation = self._add(key, _Conversation(packet.number, packet.ts_us, src, dst))
            self._begin(key, conversation, QuicTalk())
        talk = conversation.talk
        if not isinstance(talk, QuicTalk):
            return
        try:
            for initial in initials(packet.payload):
                client = src == conversation.client
                frames = opened(initial, conversation.keys[not client]) if conversation.keys else None
                if frames is None and client:
                    conversation.keys = (
                        keys_of(initial.version, initial.dcid, client=True),
                        keys_of(initial.version, initial.dcid, client=False),
                    )
                    frames = opened(initial, conversation.keys[0])
                for offset, piece in crypto_frames(frames or b""):
                    talk.crypto(offset, piece, client=client)
        except QuicMalformed as error:
            talk.broken(Text.of_error(error))
        if talk.done:
            self._end(key)

    def _add(self, key: _Key, conversation: _Conversation) -> _Conversation:
        if len(self._known) >= CONVERSATIONS_MAX:
            oldest = next(iter(self._known))
            self._end(oldest)
            del self._known[oldest]
        self._known[key] = conversation
        return conversation

    def _begin(self, key: _Key, conversation: _Conversation, talk: Talk) -> None:
        if len(self._talking) >= TALKING_MAX:
            self._end(next(iter(self._talking)))
        conversation.talk, conversation.fresh = talk, False
        self._talking[key] = None

    def _end(self, key: _Key) -> None:
        """Its one outcome, if it has one to give."""
        conversation = self._known.get(key)
        if conversation is None or conversation.talk is None:
            return
        self._talking.pop(key, None)
        talk, conversation.talk, conversation.done = conversation.talk, None, True
        conversation.to_server = conversation.to_client = None
        try:
            rows, fault = (talk.rows() if talk.fault is None else []), talk.fault
        except Exception as error:  # noqa: BLE001  what was read of a stranger's bytes does not make a row
            rows, fault = [], unreadable(error, b"")
        if not rows:
            if fault is None:
                self._passed += 1
            else:
                self._refused.append((conversation.number, fault))
            return
        common = {
            "table": talk.table,
            "ts_us": conversation.ts_us,
            "number": conversation.number,
            "src": mapped(conversation.client[0]),
            "src_port": conversation.client[1],
            "dst": mapped(conversation.server[0]),
            "dst_port": conversation.server[1],
            "proto": "udp" if key[0] == UDP else "tcp",
            "community_id": community_id(key[0], conversation.client, conversation.server),
        }
        self._rows += [common | row for row in rows]


def _side(found: _Conversation, *, by_client: bool) -> Stream:
    """One direction of a conversation; an empty one that nothing fits where it is not known."""
    return (found.to_server if by_client else found.to_client) or Stream(0)


def _key_of(packet: Packet) -> _Key:
    src, dst = (packet.src, packet.src_port), (packet.dst, packet.dst_port)
    return (packet.protocol, src, dst) if src <= dst else (packet.protocol, dst, src)


def _begins_hello(payload: bytes | bytearray, *, ssh: bool) -> bool:
    """A TLS record with a ClientHello at its front, or SSH's greeting."""
    if len(payload) < _FIRST_BYTES:
        return False
    if payload[0] == _HANDSHAKE:
        return payload[1] == 3 and payload[2] <= 4 and payload[5] == 1
    return ssh and payload.startswith(GREETING)


def _begins_midway(payload: bytes, *, first: bool) -> bool:
    """What may begin amid a stream: TLS; where nothing was seen of it before, also SSH, HL7 and an association."""
    if first and payload.startswith(hl7.BEGIN):
        return not hl7.is_acknowledgement(payload)
    if first and begins_association(payload):
        return payload[6:8] == _DICOM_VERSION
    return _begins_hello(payload, ssh=first)


def _may_begin(data: bytearray) -> bool:
    return data[0] in (_HANDSHAKE, ASSOCIATE_RQ, hl7.BEGIN[0]) or GREETING.startswith(bytes(data[:4]))


def community_id(protocol: int, a: _Side, b: _Side) -> str:
    """Community ID v1, seed 0 (github.com/corelight/community-id-spec)."""
    first, second = (a, b) if a <= b else (b, a)
    packed = b"\0\0" + first[0] + second[0] + bytes([protocol, 0])
    packed += first[1].to_bytes(2) + second[1].to_bytes(2)
    return "1:" + base64.b64encode(hashlib.sha1(packed, usedforsecurity=False).digest()).decode()
