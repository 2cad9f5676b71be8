"""Bytes -> bytes that are wrong in a way that real ones get wrong. A mutator knows a form, or none.

Everything is drawn from the Random that is handed in: a seed and a number of steps are an input.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

Mutator = Callable[[Random, bytes], bytes]

INPUT_BYTES_MAX: Final = 1 << 18
"""A longer mutant is cut: what is found with more is found with this."""

EDGES: Final = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    15,
    16,
    31,
    32,
    63,
    64,
    65,
    127,
    128,
    129,
    254,
    255,
    256,
    511,
    512,
    1023,
    1024,
    4095,
    4096,
    32767,
    32768,
    65534,
    65535,
    65536,
    0xFFFFFF,
    0x1000000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
    0x100000000,
    1 << 53,
    (1 << 53) + 1,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
"""Where lengths and counters of any width break."""

PIECES: Final = (
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x80",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xf4\x90\x80\x80",
    b"\r\n",
    b"\n",
    b"\r",
    b"\t",
    b"\x1b[2J",
    b"%n%s",
    b"{}",
    b"[]",
    b'"',
    b"'",
    b"\\",
    b"\\x",
    b"\\u0000",
    b"-",
    b"..",
    b"../../etc/passwd",
    b"$(id)",
    b"'; --",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x92\xa9",
    b"NaN",
    b"Infinity",
    b"-1",
    b"1e400",
    b"9" * 40,
    b"A" * 300,
    b"=1+1",
    b"::",
    b"0x",
    b"0.0.0.0",
    b"255.255.255.255",
    b"256.1.1.1",
    b"::ffff:1.2.3.4%eth0",
    b"fe80::1%25",
    b"xn--",
    b"xn--a",
    b"." * 260,
    b"a." * 130,
    b"1970-01-01T00:00:00Z",
    b"9999-12-31T23:59:59.999999999Z",
    b"0000-00-00T00:00:00Z",
    b"2026-02-30T25:61:61+99:99",
    b"-62135596801",
    b"253402300800",
    b"99999999999999999999",
)
"""What often breaks whoever reads text."""


def flip_bit(dice: Random, data: bytes) -> bytes:
    if not data:
        return b"\0"
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def put_byte(dice: Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    return (
        data[:at] + bytes([dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))]) + data[at + dice.randrange(2) :]
    )


def put_edge(dice: Random, data: bytes) -> bytes:
    """A number that breaks lengths, in a width and an order of bytes, over what stood there."""
    width = dice.choice((1, 2, 2, 3, 4, 4, 8))
    value = dice.choice(EDGES) & (1 << 8 * width) - 1
    if len(data) < width:
        return data + value.to_bytes(width, "big")
    at = dice.randrange(len(data) - width + 1)
    return data[:at] + value.to_bytes(width, dice.choice(("big", "little"))) + data[at + width :]


def add_number(dice: Random, data: bytes) -> bytes:
    """A length that is nearly right."""
    width = dice.choice((1, 2, 4))
    if len(data) < width:
        return data
    at, order = dice.randrange(len(data) - width + 1), dice.choice(("big", "little"))
    value = int.from_bytes(data[at : at + width], order) + dice.choice((-4, -2, -1, 1, 2, 4, 16))
    return data[:at] + (value % (1 << 8 * width)).to_bytes(width, order) + data[at + width :]


def cut_out(dice: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + data[at + _some(dice, len(data) - at) :]


def cut_short(dice: Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def repeat(dice: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    piece = data[at : at + _some(dice, len(data) - at)]
    times = dice.choice((2, 3, 16, 256)) if len(piece) < 512 else 2
    return data[:at] + piece * times + data[at + len(piece) :]


def put_piece(dice: Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    piece = dice.choice(PIECES)
    return data[:at] + piece + data[at + dice.choice((0, 0, len(piece))) :]


def swap(dice: Random, data: bytes) -> bytes:
    if len(data) < 4:
        return data
    a, b, c = sorted(dice.sample(range(len(data) + 1), 3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _some(dice: Random, most: int) -> int:
    return min(most, dice.choice((1, 2, 4, 8, 32, 128, dice.randrange(1, most + 1) if most else 1)))


BYTES: Final[tuple[Mutator, ...]] = (
    flip_bit,
    put_byte,
    put_edge,
    put_edge,
    add_number,
    cut_out,
    cut_short,
    repeat,
    put_piece,
    put_piece,
    swap,
)


def joined(dice: Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one and the end of another."""
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other) + 1) :]


def mutated(dice: Random, data: bytes, forms: Sequence[Mutator], others: Sequence[bytes] = ()) -> bytes:
    """One to five steps; those that know the form twice as often as those that know none."""
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5))):
        if others and dice.random() < 0.05:
            data = joined(dice, data, dice.choice(others))
        else:
            data = dice.choice(forms if forms and dice.random() < 0.67 else BYTES)(dice, data)
        data = data[:INPUT_BYTES_MAX]
    return data
