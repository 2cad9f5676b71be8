"""QUIC's Initial packets, versions 1 and 2, opened: anybody on the path can derive their keys (RFC 9001, RFC 9369).

Gives the CRYPTO bytes of each side, which are TLS handshake messages. Refuses any later packet: its keys are secret.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from bavn.model.text import Text

INITIAL_BYTES_MIN: Final = 1200
CRYPTO_BYTES_MAX: Final = 64 * 1024
PIECES_MAX: Final = 64
_SAMPLE_BYTES: Final = 16
_CID_BYTES_MAX: Final = 20
_COALESCED_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Version:
    """``initial``: the two bits of a long header that say Initial."""

    salt: bytes
    initial: int
    labels: tuple[bytes, bytes, bytes]
    name: str


VERSIONS: Final = {
    0x00000001: _Version(
        bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), 0, (b"quic key", b"quic iv", b"quic hp"), "QUIC 1"
    ),
    0x6B3343CF: _Version(
        bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
        1,
        (b"quicv2 key", b"quicv2 iv", b"quicv2 hp"),
        "QUIC 2",
    ),
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one direction's Initial packets."""

    key: bytes
    iv: bytes
    hp: bytes


class QuicMalformed(ValueError):
    """An Initial packet that its own keys opened does not hold frames."""


def looks_initial(payload: bytes) -> bool:
    """Cheap: a long header of a version that is known, and of type Initial."""
    if len(payload) < 24 or payload[0] & 0xC0 != 0xC0:
        return False
    version = VERSIONS.get(int.from_bytes(payload[1:5]))
    return version is not None and payload[0] >> 4 & 3 == version.initial


@lru_cache(maxsize=4096)
def keys_of(version: int, dcid: bytes, *, client: bool) -> Keys:
    """From the first destination connection id that the client chose. KeyError for an unknown version."""
    known = VERSIONS[version]
    initial = _hmac(known.salt, dcid)
    secret = _expand(initial, b"client in" if client else b"server in", 32)
    key, iv, hp = known.labels
    return Keys(_expand(secret, key, 16), _expand(secret, iv, 12), _expand(secret, hp, 16))


@dataclass(frozen=True, slots=True)
class Initial:
    """An Initial packet as it lies in a datagram: ``number_at`` is where its packet number begins."""

    version: int
    dcid: bytes
    raw: bytes
    number_at: int


def initials(datagram: bytes) -> Iterator[Initial]:
    """The Initial packets of a datagram, others stepped over; it ends at the first that has no whole header."""
    at = 0
    for _ in range(_COALESCED_MAX):
        if len(datagram) < at + 7 or datagram[at] & 0xC0 != 0xC0:
            return
        version = int.from_bytes(datagram[at + 1 : at + 5])
        known = VERSIONS.get(version)
        if known is None:
            return
        try:
            dcid, place = _sized(datagram, at + 5)
            _, place = _sized(datagram, place)
            kind = datagram[at] >> 4 & 3
            if kind == (known.initial + 3) % 4:
                return
            if kind == known.initial:
                token, place = varint(datagram, place)
                place += token
            size, place = varint(datagram, place)
        except (IndexError, struct.error):
            return
        end = place + size
        if len(dcid) > _CID_BYTES_MAX or end > len(datagram):
            return
        if kind == known.initial:
            yield Initial(version, dcid, datagram[at:end], place - at)
        at = end


def opened(packet: Initial, keys: Keys) -> bytes | None:
    """The frames inside, None if these are not its keys."""
    raw, at = packet.raw, packet.number_at
    sample = raw[at + 4 : at + 4 + _SAMPLE_BYTES]
    if len(sample) < _SAMPLE_BYTES:
        return None
    mask = Cipher(AES(keys.hp), ECB()).encryptor().update(sample)  # noqa: S305 (RFC 9001, 5.4.3 asks for one block)
    first = raw[0] ^ (mask[0] & 0x0F)
    width = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(raw[at : at + width], mask[1:], strict=False))
    head = bytes([first]) + raw[1:at] + number
    nonce = (int.from_bytes(keys.iv) ^ int.from_bytes(number)).to_bytes(12)
    try:
        return AESGCM(keys.key).decrypt(nonce, raw[at + width :], head)
    except (InvalidTag, ValueError):
        return None


def crypto_frames(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of the CRYPTO frames; PADDING, PING, ACK and CONNECTION_CLOSE are stepped over, nothing else may
    stand in an Initial packet. Raises QuicMalformed."""
    at = 0
    try:
        while at < len(frames):
            kind, at = frames[at], at + 1
            if kind in (0, 1):
                continue
            if kind == 6:
                offset, at = varint(frames, at)
                size, at = varint(frames, at)
                if at + size > len(frames):
                    raise QuicMalformed(Text("a CRYPTO frame breaks off"))
                yield offset, frames[at : at + size]
                at += size
            elif kind in (2, 3):
                at = _behind_ack(frames, at, counts=kind == 3)
            elif kind == 0x1C:
                return
            else:
                raise QuicMalformed(Text("a frame of type {what} in an Initial packet", what=kind))
    except IndexError as error:
        raise QuicMalformed(Text("a frame breaks off")) from error


def _behind_ack(frames: bytes, at: int, *, counts: bool) -> int:
    for _ in range(2):
        _, at = varint(frames, at)
    ranges, at = varint(frames, at)
    if ranges > len(frames):
        raise QuicMalformed(Text("an ACK of more ranges than bytes"))
    for _ in range(1 + 2 * ranges + (3 if counts else 0)):
        _, at = varint(frames, at)
    return at


class CryptoStream:
    """CRYPTO bytes of one side in order, from offset 0. ``data`` is what is there without a gap."""

    __slots__ = ("_waiting", "data")

    def __init__(self) -> None:
        self.data = bytearray()
        self._waiting: dict[int, bytes] = {}

    def add(self, offset: int, piece: bytes) -> None:
        """What is beyond the bounds is not kept: the rest never comes, and the conversation ends without it."""
        if offset + len(piece) > CRYPTO_BYTES_MAX or len(self._waiting) >= PIECES_MAX:
            return
        if len(piece) > len(self._waiting.get(offset, b"")):
            self._waiting[offset] = piece
        while due := [at for at in self._waiting if at <= len(self.data)]:
            for at in sorted(due):
                self.data += self._waiting.pop(at)[len(self.data) - at :]


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number of 1, 2, 4 or 8 bytes (RFC 9000, 16) and the place behind it. IndexError where it breaks off."""
    width = 1 << (raw[at] >> 6)
    if at + width > len(raw):
        raise IndexError(at)
    return int.from_bytes(raw[at : at + width]) & ((1 << (8 * width - 2)) - 1), at + width


def _sized(raw: bytes, at: int) -> tuple[bytes, int]:
    end = at + 1 + raw[at]
    if end > len(raw):
        raise IndexError(at)
    return raw[at + 1 : end], end


def _hmac(key: bytes, text: bytes) -> bytes:
    made = HMAC(key, SHA256())
    made.update(text)
    return made.finalize()


def _expand(secret: bytes, label: bytes, count: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446, 7.1); one block is enough for all that is asked here."""
    name = b"tls13 " + label
    info = count.to_bytes(2) + bytes([len(name)]) + name + b"\0"
    return _hmac(secret, info + b"\x01")[:count]
