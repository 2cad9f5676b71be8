"""JSON that strangers wrote: bounded before it is parsed, whatever its spelling. Refuses depth and size.

Unlike wire/strict_json.py it takes any spelling: nothing here is signed or hashed. What passes is plain data.
"""

import json
import re
from typing import Any, Final

from bavn.model.outcome import Refused
from bavn.wire.reading import mended, reads

DEPTH_MAX: Final = 24
NODES_MAX: Final = 8_000_000
INTEGER_DIGITS_MAX: Final = 20
# Possessive, and an unterminated string runs to the end: one pass whatever the bytes are.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[{,]|[\]}]', re.DOTALL)


@reads
def load(raw: bytes, bytes_max: int) -> Any | Refused:
    """The data of JSON bytes in UTF-8 (a byte order mark is passed over), or why not; reasons never quote the bytes."""
    if len(raw) > bytes_max:
        return Refused("oversize", "more than {most} bytes", most=bytes_max)
    depth = deepest = nodes = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        if first in b"[{,":
            nodes += 1
            depth += first != 0x2C
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
        if deepest > DEPTH_MAX or nodes > NODES_MAX:
            return Refused(
                "too_deep",
                "nested deeper than {deepest}, or more than {most} values",
                deepest=DEPTH_MAX,
                most=NODES_MAX,
            )
    try:
        return mended(json.loads(raw.decode("utf-8-sig"), parse_int=_integer, parse_constant=_none), raw)
    except (ValueError, RecursionError):
        return Refused("not_json", "not JSON in UTF-8")


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= INTEGER_DIGITS_MAX else None


def _none(_: str) -> None:
    return None
