"""JSON from a stranger: bounded before it is parsed, one spelling only. Refuses floats, twice-named keys, depth.

What passes is plain data (dict, tuple, str, int, bool, None) whose RFC 8785 bytes are exactly what came.
"""

import json
import re
from typing import Any, Final

import rfc8785

from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.reading import UNREADABLE, reads, sound

DEPTH_MAX: Final = 8
INTEGER_DIGITS_MAX: Final = 16
# Possessive, and an unterminated string runs to the end: one pass whatever the bytes are.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


class _NotStrict(ValueError):
    def __init__(self, rule: str, reason: Text) -> None:
        super().__init__(reason)
        self.refused = Refused.of(rule, reason)


@reads
def parse(raw: bytes, bytes_max: int) -> Any | Refused:
    """The data of canonical JSON bytes, arrays as tuples; or why not. Never raises; reasons never quote the bytes."""
    if len(raw) > bytes_max:
        return Refused("oversize", "{bytes} bytes; at most {most}", bytes=len(raw), most=bytes_max)
    if _depth(raw) > DEPTH_MAX:
        return Refused("too_deep", "nested deeper than {deepest}", deepest=DEPTH_MAX)
    try:
        data = _as_tuples(
            json.loads(
                raw.decode("utf-8"),
                object_pairs_hook=_once,
                parse_float=_no_number,
                parse_constant=_no_number,
                parse_int=_integer,
            )
        )
    except _NotStrict as error:
        return error.refused
    except ValueError:
        return Refused("not_json", "not JSON in UTF-8")
    try:
        canonical = rfc8785.dumps(data)
    except rfc8785.CanonicalizationError:
        return Refused("not_canonical", "holds what canonical JSON cannot (RFC 8785)")
    if canonical != raw:
        return Refused("not_canonical", "not the canonical spelling (RFC 8785)")
    return data


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEPTH_MAX:
                break
        elif first in b"]}":
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _NotStrict("duplicate_key", Text("an object names one key twice"))
    return fields


def _no_number(_: str) -> None:
    raise _NotStrict("not_integer", Text("numbers are integers here"))


def _integer(text: str) -> int:
    if len(text) > INTEGER_DIGITS_MAX + 1:
        raise _NotStrict("not_integer", Text("an integer beyond 2**53"))
    return int(text)


def _as_tuples(data: Any) -> Any:
    if isinstance(data, dict):
        return {_text(key): _as_tuples(value) for key, value in data.items()}
    if isinstance(data, list):
        return tuple(_as_tuples(value) for value in data)
    return _text(data) if isinstance(data, str) else data


def _text(given: str) -> str:
    if not sound(given):
        raise _NotStrict(UNREADABLE, Text("a text holds the character U+0000 or half of a pair"))
    return given
