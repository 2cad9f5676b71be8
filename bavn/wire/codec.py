"""Messages to bytes and back: canonical JSON (RFC 8785), and the planes of a round as raw bytes beside it.

A field of type ``bytes`` (planes) stands in the JSON body as its length and SHA-256 and travels as an attachment: what
is signed, what is written in the ledger and what names the message are the same few bytes, and 24 MB of planes are
neither copied into text nor parsed (docs/messages.md). Only one spelling of a message exists; every other is refused.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import rfc8785
from pydantic import ValidationError

from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.messages.catalogue import DOWN, UP
from bavn.wire.messages.fields import PLANES_BYTES_MAX
from bavn.wire.privacy import Message
from bavn.wire.reading import reads
from bavn.wire.strict_json import parse

BODY_BYTES_MAX: Final = 16 * 1024 * 1024
ATTACHMENT_BYTES_MAX: Final = PLANES_BYTES_MAX
_DOMAIN: Final = b"bavn/message/1\x00"

Kinds = Mapping[str, type[Message]]


class TooBig(ValueError):
    """A message longer than may travel. Who made it must act: split it."""


def _table(classes: Iterable[type[Message]]) -> Kinds:
    table = {made.__name__: made for made in classes}
    for name, made in table.items():
        if len(_planes_fields(made)) > 1:
            raise TypeError(f"{name} has more than one field of bytes; a message has one attachment")
    return MappingProxyType(table)


def _planes_fields(made: type[Message]) -> list[str]:
    return [name for name, field in made.model_fields.items() if field.annotation is bytes]


UP_KINDS: Final[Kinds] = _table(UP)
DOWN_KINDS: Final[Kinds] = _table(DOWN)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message in its one spelling. ``attachment`` is empty for a message without planes."""

    kind: str
    body: bytes
    attachment: bytes = b""

    @property
    def id(self) -> str:
        """SHA-256 hex of kind and body (and so of the attachment, whose digest the body holds): the same for every
        try to send it, whatever its sequence number."""
        return hashlib.sha256(_DOMAIN + self.kind.encode() + b"\x00" + self.body).hexdigest()

    @property
    def bytes(self) -> int:
        return len(self.body) + len(self.attachment)


def encode(message: Message) -> Encoded:
    """The one spelling of a message. Raises TooBig."""
    data: dict[str, Any] = message.model_dump()
    attachment = b""
    for name in _planes_fields(type(message)):
        attachment = data[name]
        data[name] = _describe(attachment)
    encoded = Encoded(type(message).__name__, rfc8785.dumps(data), attachment)
    if len(encoded.body) > BODY_BYTES_MAX:
        raise TooBig(f"{encoded.kind} of {len(encoded.body)} bytes; at most {BODY_BYTES_MAX}")
    return encoded


@reads
def decode(encoded: Encoded, kinds: Kinds) -> Message | Refused:
    """The message, if it is one of ``kinds``, within all bounds and in its one spelling; else why not. Reasons name
    fields and rules, never values."""
    message_type = kinds.get(encoded.kind)
    if message_type is None:
        return Refused("unknown_kind", "no such kind of message in this direction")
    data = parse(encoded.body, BODY_BYTES_MAX)
    if isinstance(data, Refused):
        return data
    if not isinstance(data, dict):
        return Refused("wrong_shape", "a message is a JSON object")
    attached = _attach(data, _planes_fields(message_type), encoded.attachment)
    if attached is not None:
        return attached
    try:
        message = message_type.model_validate(data)
    except ValidationError as error:
        return Refused("wrong_shape", "{kind}: {fault}", kind=message_type.__name__, fault=_first_fault(error))
    if len(data) != len(message_type.model_fields):
        return Refused("wrong_shape", "{kind}: a field is missing", kind=message_type.__name__)
    return message if encode(message) == encoded else Refused("not_canonical", "a nested field is missing")


def privacy_of(message: Message) -> str:
    """The classes of a message's fields, as the ledger writes them: ``S1``, or ``S0+S4`` if there are several."""
    return "+".join(sorted(set(type(message).privacy().values())))


def summary_of(encoded: Encoded) -> str:
    """What the ledger keeps of a message: its very body (planes are in it as length and digest)."""
    return encoded.body.decode()


def _describe(attachment: bytes) -> dict[str, int | str]:
    return {"bytes": len(attachment), "sha256": hashlib.sha256(attachment).hexdigest()}


def _attach(data: dict[str, Any], names: list[str], attachment: bytes) -> Refused | None:
    """Puts the attachment in the place of its description."""
    if len(attachment) > ATTACHMENT_BYTES_MAX:
        return Refused(
            "oversize",
            "an attachment of {bytes} bytes; at most {most}",
            bytes=len(attachment),
            most=ATTACHMENT_BYTES_MAX,
        )
    if not names:
        return Refused("attachment", "this kind of message has no attachment") if attachment else None
    if data.get(names[0]) != _describe(attachment):
        return Refused("attachment", "the attachment is not what the body says")
    data[names[0]] = attachment
    return None


def _first_fault(error: ValidationError) -> Text:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if fault["type"] == "extra_forbidden":
        return Text("an unknown field")
    where = ".".join(str(step) for step in fault["loc"])
    return Text.shaped("{where} ({type})", where=where or Text("the body"), type=fault["type"])
