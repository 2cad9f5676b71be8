"""Envelopes: who says what to whom, in which order, signed with Ed25519.

An envelope is ``HEADER \\n BODY`` or ``HEADER \\n BODY \\n ATTACHMENT``; header and body are canonical JSON, which
holds no newline. The signature covers protocol, version, sender, recipient, sequence number, kind and the message's id,
and so its body and attachment; it is checked before the body is parsed. Refuses to know what a message means.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.model.outcome import Refused
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.text import Text
from bavn.wire.codec import ATTACHMENT_BYTES_MAX, BODY_BYTES_MAX, Encoded, Kinds, decode, encode
from bavn.wire.privacy import Message
from bavn.wire.reading import reads
from bavn.wire.strict_json import parse

VERSION: Final = 1
HEADER_BYTES_MAX: Final = 512
OVERHEAD_BYTES_MAX: Final = HEADER_BYTES_MAX + 2
ENVELOPE_BYTES_MAX: Final = OVERHEAD_BYTES_MAX + BODY_BYTES_MAX + ATTACHMENT_BYTES_MAX
SEQ_MAX: Final = 2**53 - 1
_DOMAIN: Final = b"bavn/envelope/1\x00"
_FIELDS: Final = frozenset({"from", "kind", "seq", "sig", "to", "v"})
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{1,39}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class Keys(Protocol):
    """Whose signature is whose; a dict will do."""

    def get(self, name: str, /) -> Ed25519PublicKey | None: ...


@dataclass(frozen=True, slots=True)
class Address:
    """What stands on an envelope, not yet proved by its signature."""

    sender: str
    recipient: str
    seq: int
    kind: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope whose signature holds and whose message is well-formed. ``key_id`` names the key that signed it."""

    sender: str
    recipient: str
    seq: int
    key_id: str
    encoded: Encoded
    message: Message

    @property
    def id(self) -> str:
        return self.encoded.id


def key_id(key: Ed25519PublicKey) -> str:
    """32 hex digits that name a message key."""
    return hashlib.sha256(b"bavn/key/1\x00" + key.public_bytes_raw()).hexdigest()[:32]


def seal(key: Ed25519PrivateKey, sender: str, recipient: str, seq: int, message: Message) -> bytes:
    """The envelope of a message. Raises codec.TooBig; ValueError for a name or number that cannot stand on it."""
    return seal_encoded(key, sender, recipient, seq, encode(message))


def seal_encoded(key: Ed25519PrivateKey, sender: str, recipient: str, seq: int, encoded: Encoded) -> bytes:
    """The same for a message that is encoded already."""
    address = Address(sender, recipient, seq, encoded.kind)
    fault = _fault(address)
    if fault:
        raise ValueError(fault)
    signature = key.sign(_statement(address, encoded.id)).hex()
    pieces = [rfc8785.dumps(_header(address) | {"sig": signature}), encoded.body]
    return b"\n".join([*pieces, encoded.attachment] if encoded.attachment else pieces)


def sealed_anew(key: Ed25519PrivateKey, raw: bytes, seq: int) -> bytes:
    """One's own envelope under another number. ValueError for what is none."""
    parts = _split(raw)
    if isinstance(parts, Refused):
        raise ValueError(parts.reason)  # noqa: TRY004  of bytes, not of a type
    stands, _, encoded = parts
    return seal_encoded(key, stands.sender, stands.recipient, seq, encoded)


def address(raw: bytes) -> Address | Refused:
    """What stands on the envelope; proves nothing."""
    header = _split(raw)
    return header if isinstance(header, Refused) else header[0]


def item_id(raw: bytes) -> str:
    """The id of the message in an envelope, signed or not; of bytes that are no envelope, their own SHA-256."""
    parts = _split(raw)
    return hashlib.sha256(raw).hexdigest() if isinstance(parts, Refused) else parts[2].id


@reads
def open(keys: Keys, recipient: str, raw: bytes, kinds: Kinds) -> Opened | Refused:  # noqa: A001  seal.open, seal.seal
    """The message of an envelope to ``recipient`` if it is one of ``kinds`` and its sender's signature holds, or why
    not. Never raises, whatever the bytes."""
    parts = _split(raw)
    if isinstance(parts, Refused):
        return parts
    stands, signature, encoded = parts
    if stands.recipient != recipient:
        return Refused("wrong_recipient", "addressed to somebody else")
    key = keys.get(stands.sender)
    if key is None:
        return Refused("unknown_sender", "no key is known for the name on it")
    try:
        key.verify(signature, _statement(stands, encoded.id))
    except InvalidSignature:
        return Refused("bad_signature", "the signature does not fit sender and content")
    message = decode(encoded, kinds)
    if isinstance(message, Refused):
        return message
    return Opened(stands.sender, stands.recipient, stands.seq, key_id(key), encoded, message)


def _header(stands: Address) -> dict[str, Any]:
    return {
        "from": stands.sender,
        "kind": stands.kind,
        "seq": stands.seq,
        "to": stands.recipient,
        "v": VERSION,
    }


def _statement(stands: Address, message_id: str) -> bytes:
    return _DOMAIN + rfc8785.dumps(_header(stands) | {"id": message_id})


def _fault(stands: Address) -> Text | None:
    if not (ACTOR_NAME.fullmatch(stands.sender) and ACTOR_NAME.fullmatch(stands.recipient)):
        return Text("a name on it is none")
    if not 1 <= stands.seq <= SEQ_MAX:
        return Text("sequence numbers run from 1 to {most}", most=SEQ_MAX)
    return None if _KIND.fullmatch(stands.kind) else Text("its kind is no kind's name")


@reads
def _split(raw: bytes) -> tuple[Address, bytes, Encoded] | Refused:
    """Address, signature and encoded message as they stand there."""
    if len(raw) > ENVELOPE_BYTES_MAX:
        return Refused(
            "oversize", "an envelope of {bytes} bytes; at most {most}", bytes=len(raw), most=ENVELOPE_BYTES_MAX
        )
    end = raw.find(b"\n", 0, HEADER_BYTES_MAX + 1)
    if end < 0:
        return Refused("malformed_header", "no header within {most} bytes", most=HEADER_BYTES_MAX)
    header = parse(raw[:end], HEADER_BYTES_MAX)
    if isinstance(header, Refused):
        return Refused.of("malformed_header", header.reason)
    if not isinstance(header, dict) or set(header) != _FIELDS:
        return Refused("malformed_header", "the header's fields are not those of an envelope")
    if header["v"] != VERSION or header["v"] is True:
        return Refused("version", "this side speaks version {version}", version=VERSION)
    texts = (header["from"], header["to"], header["kind"], header["sig"])
    if type(header["seq"]) is not int or not all(isinstance(text, str) for text in texts):
        return Refused("malformed_header", "a field of the header is not of its type")
    stands = Address(header["from"], header["to"], header["seq"], header["kind"])
    fault = _fault(stands)
    if fault or not _SIGNATURE.fullmatch(header["sig"]):
        return Refused.of("malformed_header", fault or Text("a signature is 128 hex digits"))
    body, mark, attachment = raw[end + 1 :].partition(b"\n")
    if mark and not attachment:
        return Refused("malformed_body", "an attachment is announced and empty")
    return stands, bytes.fromhex(header["sig"]), Encoded(header["kind"], body, attachment)
