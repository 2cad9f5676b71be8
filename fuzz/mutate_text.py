"""Mutators for lines, columns, YAML, TOML and HTTP: what is text and has a form."""

import re
from random import Random
from typing import Final

from fuzz.mutate import BYTES, PIECES, Mutator
from fuzz.mutate_json import JSON, NUMBERS

_WORD: Final = re.compile(rb"[^\s,;|=\"'<>()\[\]]+")
_NUMBER: Final = re.compile(rb"\d+(?:\.\d+)?")
MOMENTS: Final = (
    b"0",
    b"-1",
    b"0.000000",
    b"253402300800.0",
    b"-62135596801.5",
    b"9999999999.999999",
    b"1e308",
    b"nan",
    b"inf",
    b"-",
    b"1760000000.123456789012",
    b"0001-01-01T00:00:00Z",
    b"9999-12-31T24:00:00Z",
    b"Feb 30 25:61:61",
    b"Jan  1 00:00:00",
    b"01/Jan/0000:00:00:00 +0000",
    b"31/Dec/9999:23:59:59 -9999",
    b"2026-10-25T02:30:00.000001+02:00",
    b"1003622.400001",
    b"999999999999.5",
)


def swap_word(dice: Random, data: bytes) -> bytes:
    words = [place.span() for place in _WORD.finditer(data[:65_536])]
    if not words:
        return dice.choice(PIECES)
    start, end = dice.choice(words)
    other = dice.choice(
        (
            dice.choice(PIECES),
            dice.choice(NUMBERS).encode(),
            dice.choice(MOMENTS),
            data[slice(*dice.choice(words))],
            b"",
        )
    )
    return data[:start] + other + data[end:]


def swap_number(dice: Random, data: bytes) -> bytes:
    places = [place.span() for place in _NUMBER.finditer(data[:65_536])]
    if not places:
        return data
    start, end = dice.choice(places)
    return data[:start] + dice.choice((dice.choice(NUMBERS).encode(), dice.choice(MOMENTS))) + data[end:]


def lines(dice: Random, data: bytes) -> bytes:
    """Lines dropped, doubled, moved, joined, or ended otherwise."""
    rows = data.split(b"\n")
    at = dice.randrange(len(rows))
    act = dice.randrange(7)
    if act == 0:
        del rows[at]
    elif act == 1:
        rows[at : at + 1] = [rows[at]] * dice.choice((2, 3, 200))
    elif act == 2:
        rows.insert(dice.randrange(len(rows) + 1), rows.pop(at))
    elif act == 3:
        return data.replace(b"\n", dice.choice((b"\r\n", b"\r", b"\n\n", b"", b"\0", b"\x0b", b"\x85")))
    elif act == 4:
        rows[at] = rows[at] * dice.choice((2, 50))
    elif act == 5:
        rows[at] = rows[at][: dice.randrange(len(rows[at]) + 1)]
    else:
        dice.shuffle(rows)
    return b"\n".join(rows)


def columns(dice: Random, data: bytes) -> bytes:
    """A cell of a line of columns: dropped, emptied, doubled, or another's."""
    rows = data.split(b"\n")
    at = dice.randrange(len(rows))
    apart = dice.choice([sep for sep in (b"\t", b",", b" ", b";", b"|", b"=") if sep in rows[at]] or [b"\t"])
    cells = rows[at].split(apart)
    here = dice.randrange(len(cells))
    act = dice.randrange(6)
    if act == 0:
        del cells[here]
    elif act == 1:
        cells.insert(here, dice.choice(cells))
    elif act == 2:
        cells[here] = b""
    elif act == 3:
        cells[here] = dice.choice((*PIECES, *MOMENTS, b"-", b"(empty)"))
    elif act == 4:
        cells[here] = dice.choice(NUMBERS).encode()
    else:
        cells = cells * dice.choice((2, 40))
    rows[at] = apart.join(cells)
    return b"\n".join(rows)


def many(inner: tuple[Mutator, ...], count: int = 60) -> Mutator:
    """A file of many lines, each bent by itself: what reads columns takes as long for one line as for a hundred. Lines
    that begin with # (Zeek's head) stay in front."""

    def change(dice: Random, data: bytes) -> bytes:
        rows = [row for row in data.split(b"\n") if row]
        head, body = [row for row in rows if row[:1] == b"#"], [row for row in rows if row[:1] != b"#"]
        if not body:
            return data
        bent = [dice.choice(inner)(dice, dice.choice(body))[:20_000] for _ in range(count)]
        return b"\n".join([*head, *bent, b""])

    return change


LINES: Final[tuple[Mutator, ...]] = (swap_word, swap_word, swap_number, swap_number, lines, columns, columns)
MANY_LINES: Final[tuple[Mutator, ...]] = (many((*LINES, *BYTES)), many(LINES), many(LINES), many(LINES), lines, columns)

MANY_JSON: Final[tuple[Mutator, ...]] = (many(JSON), many(JSON), many((*JSON, *BYTES)))

_YAML: Final = (
    b"&a [*a]",
    b"*nobody",
    b"!!python/object/apply:os.system ['id']",
    b"!!binary x",
    b"!!timestamp 99999-99-99",
    b"!!int 0o9",
    b"!!float .nan",
    b".inf",
    b"0b2",
    b"1:60:60",
    b"? [a]\n: b",
    b"<<: *a",
    b"<<: [1]",
    b"{a: {a: {a: 1}}}",
    b"|\n x",
    b">-\n x",
    b"%YAML 9.9",
    b"---\n---\n",
    b"...",
    b"\t",
    b"- - - - -",
    b"!<tag:x> 1",
    b'"\\ud800"',
    b'"\\x"',
    b"2026-02-30",
    b"2026-01-01 99:99:99",
    b"=",
    b"~",
    b"yes",
    b"[" * 2000,
    b"{a: " * 500,
    b"&a {x: &b {y: *a}}",
    b"!!set {1}",
    b"!!omap [1]",
    b"? ",
    b"!!null ''",
    b"!!map [1]",
)
_BOMB: Final = b"".join(
    [
        b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n",
        *(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
    ]
)


def yaml_value(dice: Random, data: bytes) -> bytes:
    rows = data.split(b"\n")
    at = dice.randrange(len(rows))
    key, colon, _ = rows[at].partition(b":")
    rows[at] = key + colon + b" " + dice.choice((*_YAML, dice.choice(NUMBERS).encode(), dice.choice(PIECES)))
    return b"\n".join(rows)


def yaml_indent(dice: Random, data: bytes) -> bytes:
    rows = data.split(b"\n")
    at = dice.randrange(len(rows))
    rows[at] = b" " * dice.randrange(9) + rows[at].lstrip()
    return b"\n".join(rows)


def yaml_bomb(dice: Random, data: bytes) -> bytes:
    return dice.choice((_BOMB + data, data + b"\n---\n" + _BOMB, _BOMB.replace(b"[", b"{k: [", 1) + data))


def modifiers(dice: Random, data: bytes) -> bytes:
    """What Sigma writes behind a field's name, and conditions."""
    piece = dice.choice(
        (
            b"|re",
            b"|cidr",
            b"|contains|all",
            b"|base64offset",
            b"|windash",
            b"|gt",
            b"|exists",
            b"|fieldref",
            b"|expand",
            b"|utf16le",
            b"|nothing",
            b"|re|i",
            b"|endswith|cased",
            b"||",
        )
    )
    if dice.random() < 0.3:
        condition = dice.choice(
            (
                b"1 of them",
                b"all of *",
                b"not " * 2000 + b"a",
                b"(" * 500,
                b"a and b or",
                b"a | count() > 1",
                b"1 of sel*",
                b"",
            )
        )
        return re.sub(rb"condition:.*", lambda _: b"condition: " + condition, data, count=1)
    spots = [place.start() for place in re.finditer(rb":", data)]
    at = dice.choice(spots) if spots else 0
    return data[:at] + piece + data[at:]


YAML: Final[tuple[Mutator, ...]] = (yaml_value, yaml_value, yaml_indent, yaml_bomb, modifiers, lines, swap_word)

_TOML: Final = (
    b"1979-05-27T07:32:00Z",
    b"9999-12-31",
    b"25:00:00",
    b"nan",
    b"-inf",
    b"0xffffffffffffffffff",
    b"[[1],[2]]",
    b"{a={}}",
    b"''",
    b"'''x'''",
    b'"\\ud800"',
    b'"\\u0000"',
    b"true",
    b"[]",
    b"{}",
    b"1e400",
    b"-1",
    b"[" * 1200,
    b'["a", 1]',
    b"9" * 4400,
)


def toml_value(dice: Random, data: bytes) -> bytes:
    rows = data.split(b"\n")
    at = dice.randrange(len(rows))
    key, sign, _ = rows[at].partition(b"=")
    rows[at] = (
        key + sign + dice.choice((*_TOML, dice.choice(NUMBERS).encode()))
        if sign
        else dice.choice((b"[a.b.c]", b"[[node]]", b"[sense", rows[at] * 2))
    )
    return b"\n".join(rows)


TOML: Final[tuple[Mutator, ...]] = (toml_value, toml_value, toml_value, lines, swap_word)

_HEADERS: Final = (
    b"Content-Length: 0",
    b"Content-Length: -1",
    b"Content-Length: 99999999999",
    b"Content-Length: 1, 1",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip",
    b"Content-Type: application/json; charset=utf-16",
    b"Content-Type: \xff",
    b"Host: ",
    b"Host: a\0b",
    b"Content-Encoding: gzip",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b"Range: bytes=0-",
    b"X: " + b"y" * 9000,
    b": x",
    b"Authorization: Basic ////",
    b"Authorization: Basic gICA",
    b"Authorization: Bearer \xff\xfe",
    b"Cookie: a=\xff",
    b"If-None-Match: \xff",
    b"Accept: q=;;,",
    b"Accept: application/taxii+json;version=9;q=nan",
    b"X-Forwarded-For: ::ffff:x",
    b"Accept-Language: " + b"da," * 500,
)


def http_header(dice: Random, data: bytes) -> bytes:
    head, gap, body = data.partition(b"\r\n\r\n")
    rows = head.split(b"\r\n")
    at = dice.randrange(1, len(rows) + 1)
    if dice.random() < 0.5:
        rows.insert(at, dice.choice(_HEADERS))
    elif len(rows) > 1:
        rows[min(at, len(rows) - 1)] = dice.choice((*_HEADERS, b"", b" folded"))
    return b"\r\n".join(rows) + gap + body


def http_line(dice: Random, data: bytes) -> bytes:
    line, gap, rest = data.partition(b"\r\n")
    words = line.split(b" ")
    at = dice.randrange(len(words))
    words[at] = dice.choice(
        (
            b"GET",
            b"POST",
            b"PUT",
            b"DELETE",
            b"OPTIONS",
            b"HEAD",
            b"TRACE",
            b"PRI",
            b"HTTP/2.0",
            b"HTTP/1.0",
            b"*",
            b"//",
            words[at] + b"?a=%00&a=%ff&limit=-1",
            words[at] + b"/%2e%2e/",
            words[at] + b"#",
            b"http://x/",
            words[at] * 500,
            words[at] + b"?added_after=9999-99-99",
            words[at] + b"?after=9223372036854775808&wait_s=nan",
        )
    )
    return b" ".join(words) + gap + rest


HTTP: Final[tuple[Mutator, ...]] = (http_header, http_header, http_line)
