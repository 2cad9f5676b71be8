"""Mutators for JSON as text: what no parser's own values can say (lone surrogates, keys twice, numbers beyond all).

A document that is no JSON is left to the mutators of bytes.
"""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from fuzz.mutate import Mutator

NUMBERS: Final = (
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "-1e400",
    "1e-400",
    "1.7976931348623157e308",
    "5e-324",
    "9" * 4400,
    "1" + "0" * 60,
    "1E+2",
    "0.1e1",
    "01",
    "+1",
    "1.",
    ".5",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "1760000000",
    "253402300800",
    "-62135596801",
    "1760000000000000",
    "99999999999999.999999",
    "1003622.400001",
)

TEXTS: Final = (
    r'""',
    r'"\ud800"',
    r'"\udfff"',
    r'"\ud800\ud800"',
    r'"\udc00\ud800"',
    r'"\ud83d\ude00"',
    r'"\u0000"',
    r'"a\u0000b"',
    r'"\u000a\u001b[31m"',
    r'"\\\"\/\b\f\n\r\t"',
    r'"\u2028\u2029"',
    r'"\ufeff"',
    r'"\u202e"',
    r'"\uffff"',
    r'"\x41"',
    r'"\u12"',
    '"\t"',
    '"' + "A" * 70_000 + '"',
    '"' + "é" * 5_000 + '"',
    '"1"',
    '"true"',
    '"null"',
    '"-1"',
    '"NaN"',
    '"9999-12-31T23:59:59.999999999Z"',
    '"0000-00-00T00:00:00Z"',
    '"2026-13-45T99:99:99+0000"',
    '"1.2.3.4"',
    '"256.256.256.256"',
    '"fe80::1%eth0"',
    '"::ffff:10.0.0.1"',
    '"xn--"',
    '"' + "a." * 200 + '"',
    '"../../x"',
    '"\u0130"',
    '"\'; DROP TABLE x; --"',
    '"=cmd()"',
    '"%00"',
    '"\U0001f4a9"',
    '"é"',
)
RAW: Final = (b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xff"', b'"\xf4\x90\x80\x80"', b'"\x00"', b'"\xef\xbb\xbf"')
WHOLE: Final = ("null", "true", "false", "[]", "{}", "[[]]", "[{}]", "[null]", '{"":""}', '{"\\ud800":1}', '[{"a":[]}]')
DEPTHS: Final = (9, 65, 500, 1_000, 10_000, 100_000)

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[\[\]{},:]', re.DOTALL)
_SCALAR: Final = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b', re.DOTALL)
_KEY: Final = re.compile(rb'"(?:[^"\\]|\\.)*"(?=\s*:)', re.DOTALL)


def value(dice: Random) -> bytes:
    """Any value that somebody may write where another was expected."""
    kind = dice.random()
    if kind < 0.35:
        return dice.choice(NUMBERS).encode()
    if kind < 0.7:
        return dice.choice(TEXTS).encode("utf-8", "surrogatepass")
    if kind < 0.8:
        return dice.choice(RAW)
    if kind < 0.93:
        return dice.choice(WHOLE).encode()
    return nest(dice, dice.choice((b"1", b"{}", b'"x"')))


def nest(dice: Random, inner: bytes) -> bytes:
    deep = dice.choice(DEPTHS)
    if dice.random() < 0.5:
        return b"[" * deep + inner + b"]" * dice.choice((deep, deep, deep - 1, 0))
    return b'{"a":' * deep + inner + b"}" * deep


def _spot(dice: Random, data: bytes, pattern: re.Pattern[bytes]) -> tuple[int, int] | None:
    spots = [place.span() for place in pattern.finditer(data[:65_536])]
    return dice.choice(spots) if spots else None


def swap_scalar(dice: Random, data: bytes) -> bytes:
    spot = _spot(dice, data, _SCALAR)
    return value(dice) if spot is None else data[: spot[0]] + value(dice) + data[spot[1] :]


def swap_key(dice: Random, data: bytes) -> bytes:
    spot = _spot(dice, data, _KEY)
    if spot is None:
        return data
    keys = [data[a:b] for a, b in (place.span() for place in _KEY.finditer(data[:65_536]))]
    other = dice.choice((dice.choice(TEXTS).encode(), dice.choice(RAW), dice.choice(keys), b'"__proto__"', b'"$ref"'))
    return data[: spot[0]] + other + data[spot[1] :]


def double_key(dice: Random, data: bytes) -> bytes:
    """A key a second time, with another value, before the first."""
    spot = _spot(dice, data, _KEY)
    return (
        data
        if spot is None
        else data[: spot[0]] + data[spot[0] : spot[1]] + b":" + value(dice) + b"," + data[spot[0] :]
    )


def in_text(dice: Random, data: bytes) -> bytes:
    """Something inside a string that was there."""
    spot = _spot(dice, data, re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL))
    if spot is None:
        return data
    at = dice.randrange(spot[0] + 1, spot[1]) if spot[1] - spot[0] > 2 else spot[0] + 1
    piece = dice.choice((*RAW, *(text.encode() for text in TEXTS)))[1:-1]
    return data[:at] + piece + data[at:]


def tree(dice: Random, data: bytes) -> bytes:
    """A member dropped, doubled, emptied, wrapped, or put where another stood; canonical spelling where it was so."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return swap_scalar(dice, data)
    canonical = data == json.dumps(root, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(
        errors="replace"
    )
    places = list(_places(root))
    if not places:
        return value(dice)
    holder, key = dice.choice(places)
    act = dice.randrange(7)
    if act == 0:
        del holder[key]
    elif act == 1:
        holder[key] = [holder[key]] * dice.choice((1, 2, 1_001))
    elif act == 2:
        holder[key] = {"a": holder[key]}
    elif act == 3:
        other, where = dice.choice(places)
        holder[key] = other.get(where) if isinstance(other, dict) else (other[where] if where < len(other) else None)
    elif act == 4:
        holder[key] = type(holder[key])() if holder[key] is not None else 0
    elif act == 5 and isinstance(holder, dict):
        holder[dice.choice(("", "x", "\ud800", "id", "type", "é"))] = dice.choice(
            (1, None, "\ud800", [], {}, 2**53, -1, 1.5)
        )
    else:
        holder[key] = dice.choice(
            (None, True, -1, 0, 1.5, 2**53 - 1, 2**53, 2**31 - 1, 2**63, "", "\0", "\ud800", "é" * 300, [], {})
        )
    try:
        if canonical:
            return json.dumps(root, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(
                "utf-8", "surrogatepass"
            )
        return json.dumps(root).encode()
    except (ValueError, RecursionError):
        return data


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    waiting, seen = [node], 0
    while waiting and seen < 2_000:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
        for key in keys:
            seen += 1
            yield here, key
            waiting.append(here[key])


def wrap(dice: Random, data: bytes) -> bytes:
    return dice.choice(
        (
            lambda: nest(dice, data),
            lambda: b"[" + data + b"]",
            lambda: b"\xef\xbb\xbf" + data,
            lambda: data + b" " + data,
            lambda: data + b"\0",
            lambda: b'{"a":' + data + b"}",
            lambda: data.decode("utf-8", "replace").encode("utf-16"),
        )
    )()


JSON: Final[tuple[Mutator, ...]] = (
    swap_scalar,
    swap_scalar,
    swap_scalar,
    swap_key,
    double_key,
    in_text,
    tree,
    tree,
    tree,
    wrap,
)


def in_a_line(dice: Random, data: bytes) -> bytes:
    """The same within one line of many."""
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    lines[at] = dice.choice(JSON)(dice, lines[at])
    return b"\n".join(lines)


JSON_LINES: Final[tuple[Mutator, ...]] = (in_a_line,)
