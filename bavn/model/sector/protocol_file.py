"""A protocol as a file: canonical JSON (RFC 8785) under the node's Ed25519 signature, written, read and checked.

The outcomes in it are for people; whoever reads it again works them out from figures and bars, and refuses a file in
which they differ. Refuses to know whose key it ought to be.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Never

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.model.sector.acceptance_protocol import (
    FIGURES_MAX,
    NAME_CHARS_MAX,
    NUMBER_MAX,
    PARTS_MAX,
    TEXT_CHARS_MAX,
    BadProtocol,
    Bound,
    Figure,
    Measure,
    Outcome,
    Part,
    TestKind,
    TestProtocol,
    Value,
)
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.text import Text

FORMAT: Final = "bavn-protocol/1"
FILE_BYTES_MAX: Final = 150_000
_DOMAIN: Final = b"bavn/protocol/1\x00"
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_HEX_128 = re.compile(r"[0-9a-f]{128}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True)
class SignedProtocol:
    """``key`` (32 bytes) and ``signature`` (64 bytes) in hex; ``body``: what was signed, canonical."""

    protocol: TestProtocol
    body: bytes
    key: str
    signature: str

    @property
    def digest(self) -> str:
        """SHA-256 of what was signed, in hex: by it a protocol is known, whoever writes the file again."""
        return hashlib.sha256(self.body).hexdigest()

    def holds(self, key: str) -> bool:
        """Whether the signature is right and that key's (hex)."""
        if key != self.key:
            return False
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            public.verify(bytes.fromhex(self.signature), _DOMAIN + self.body)
        except (InvalidSignature, ValueError):
            return False
        return True

    def file(self) -> bytes:
        """As it is kept and handed on."""
        made = {"format": FORMAT, "key": self.key, "protocol": json.loads(self.body), "signature": self.signature}
        return rfc8785.dumps(made)


def signed(protocol: TestProtocol, key: Ed25519PrivateKey) -> SignedProtocol:
    """A protocol under the node's signature. Raises BadProtocol for one that no reader would take."""
    body = rfc8785.dumps(_body(protocol))
    made = SignedProtocol(protocol, body, key.public_key().public_bytes_raw().hex(), key.sign(_DOMAIN + body).hex())
    return read(made.file())


def read(raw: bytes) -> SignedProtocol:
    """A file as :meth:`SignedProtocol.file` wrote it, however it is spaced. Raises BadProtocol; refuses to say whether
    the signature is right: ``holds`` does."""
    if len(raw) > FILE_BYTES_MAX:
        raise BadProtocol(f"a protocol has at most {FILE_BYTES_MAX} bytes")
    try:
        given = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
        outer = _fields(given, "the file", "format", "key", "protocol", "signature")
        if outer["format"] != FORMAT:
            raise BadProtocol(f"this is no {FORMAT}")
        key, signature = _text(outer["key"], _HEX_64, "key"), _text(outer["signature"], _HEX_128, "signature")
        protocol = _protocol(outer["protocol"])
        return SignedProtocol(protocol, rfc8785.dumps(_body(protocol)), key, signature)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise BadProtocol("this is no protocol: it cannot be read as JSON") from error
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, BadProtocol) else BadProtocol(f"this is no protocol: {error}") from error


# --- written ------------------------------------------------------------------------------------------------------


def _body(protocol: TestProtocol) -> dict[str, Any]:
    return {
        "actor": protocol.actor,
        "began_us": protocol.began_us,
        "ended_us": protocol.ended_us,
        "id": protocol.id,
        "kind": protocol.kind.value,
        "version": protocol.version,
        "parts": [_said_part(one) for one in protocol.parts],
    }


def _said_part(part: Part) -> dict[str, Any]:
    return {
        "fault": part.fault,
        "figures": [_said_figure(one) for one in part.figures],
        "name": part.name,
        "outcome": part.outcome.value,
        "title": _said_text(part.title),
        "took_ms": part.took_ms,
    }


def _said_figure(figure: Figure) -> dict[str, Any]:
    measure = figure.measure
    return {
        "always": measure.always,
        "bar": measure.bar,
        "bound": measure.bound.value,
        "key": figure.key,
        "name": _said_text(measure.name),
        "outcome": figure.outcome.value,
        "reason": None if figure.reason is None else _said_text(figure.reason),
        "required": measure.required,
        "unit": measure.unit,
        "value": figure.value,
    }


def _said_text(text: Text) -> dict[str, str]:
    return text.spoken()


# --- read ---------------------------------------------------------------------------------------------------------


def _protocol(given: object) -> TestProtocol:
    it = _fields(given, "the protocol", "actor", "began_us", "ended_us", "id", "kind", "version", "parts")
    parts = tuple(_part(one) for one in _list(it["parts"], PARTS_MAX, "parts"))
    if len({one.name for one in parts}) != len(parts):
        raise BadProtocol("a part stands in it twice")
    began_us, ended_us = _moment(it["began_us"]), _moment(it["ended_us"])
    if ended_us < began_us:
        raise BadProtocol("it ended before it began")
    return TestProtocol(
        id=_text(it["id"], _HEX_32, "id"),
        actor=_text(it["actor"], ACTOR_NAME, "actor"),
        kind=_of(TestKind, it["kind"], "kind"),
        version=_short(it["version"], "version"),
        began_us=began_us,
        ended_us=ended_us,
        parts=parts,
    )


def _part(given: object) -> Part:
    it = _fields(given, "a part", "fault", "figures", "name", "outcome", "title", "took_ms")
    figures = tuple(_figure(one) for one in _list(it["figures"], FIGURES_MAX, "figures"))
    if len({one.key for one in figures}) != len(figures):
        raise BadProtocol("a figure stands in a part twice")
    part = Part(
        name=_text(it["name"], _NAME, "name"),
        title=_sentence(it["title"]),
        figures=figures,
        took_ms=_moment(it["took_ms"]),
        fault=_long(it["fault"], empty=True),
    )
    if it["outcome"] != part.outcome.value:
        raise BadProtocol(f"{part.name} says {str(it['outcome'])[:20]!r}, its figures say {part.outcome.value!r}")
    return part


def _figure(given: object) -> Figure:
    it = _fields(
        given, "a figure", "always", "bar", "bound", "key", "name", "outcome", "reason", "required", "unit", "value"
    )
    if type(it["required"]) is not bool or type(it["always"]) is not bool:
        raise BadProtocol("required and always are true or false")
    measure = Measure(
        name=_sentence(it["name"]),
        bound=_of(Bound, it["bound"], "bound"),
        bar=_value(it["bar"]),
        unit=_short(it["unit"], "unit", empty=True),
        required=it["required"],
        always=it["always"],
    )
    outcome, value = _of(Outcome, it["outcome"], "outcome"), _value(it["value"])
    figure = Figure(
        key=_text(it["key"], _NAME, "key"),
        measure=measure,
        value=value,
        missing=outcome if value is None else None,
        reason=None if it["reason"] is None else _sentence(it["reason"]),
    )
    if outcome is not figure.outcome:
        raise BadProtocol(f"{figure.key} says {outcome.value!r}, its value says {figure.outcome.value!r}")
    return figure


def _fields(given: object, what: str, *names: str) -> dict[str, Any]:
    if not isinstance(given, dict) or set(given) != set(names):
        raise BadProtocol(f"{what} has exactly the fields {', '.join(sorted(names))}")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = dict(pairs)
    if len(fields) != len(pairs):
        raise BadProtocol("a field stands twice")
    return fields


def _no_number(name: str) -> Never:
    raise BadProtocol(f"{name} is no number")


def _list(given: object, most: int, what: str) -> list[Any]:
    if not isinstance(given, list) or len(given) > most:
        raise BadProtocol(f"{what} is a list of at most {most}")
    return given


def _of[Kind: (TestKind, Outcome, Bound)](kind: type[Kind], given: object, what: str) -> Kind:
    members: Mapping[str, Kind] = {one.value: one for one in kind}
    if not isinstance(given, str) or given not in members:
        raise BadProtocol(f"{what} is one of {', '.join(members)}")
    return members[given]


def _text(given: object, shape: re.Pattern[str], what: str) -> str:
    if not isinstance(given, str) or not shape.fullmatch(given):
        raise BadProtocol(f"{what} is not of its form")
    return given


def _short(given: object, what: str, *, empty: bool = False) -> str:
    if not isinstance(given, str) or len(given) > NAME_CHARS_MAX or not given.isprintable() or not (given or empty):
        raise BadProtocol(f"{what} has at most {NAME_CHARS_MAX} printable characters")
    return given


def _long(given: object, *, empty: bool = False) -> str:
    if not isinstance(given, str) or len(given) > TEXT_CHARS_MAX or not given.isprintable() or not (given or empty):
        raise BadProtocol(f"a sentence has at most {TEXT_CHARS_MAX} printable characters")
    return given


def _sentence(given: object) -> Text:
    """A sentence in English and in whatever other languages who tested has."""
    if not isinstance(given, dict) or "en" not in given or not all(_LANGUAGE.fullmatch(name) for name in given):
        raise BadProtocol("a sentence is there in English, and by the code of each other language")
    said = {name: _long(text) for name, text in given.items()}
    return Text.written(said.pop("en"), **said)


def _moment(given: object) -> int:
    if type(given) is not int or not 0 <= given <= NUMBER_MAX:
        raise BadProtocol("a moment or span is a whole number")
    return given


def _value(given: object) -> Value | None:
    if given is None:
        return None
    if isinstance(given, str):
        return _long(given)
    if type(given) not in (int, float) or not -NUMBER_MAX <= given <= NUMBER_MAX:  # type: ignore[operator]
        raise BadProtocol("a value is a number or a short word")
    return given  # type: ignore[return-value]
