"""How surprising a name is, character by character: bits of each given the two before it, by a shipped 3-gram table.

The table is made by bench/dga_table.py from the million names of the Tranco list in the MISP warning lists (CC0); only
counts, rounded to four bits, are kept of it. Knows no domain, host or time, and calls no name bad.
"""

import json
from base64 import b85decode
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zlib import decompress

import numpy as np
import numpy.typing as npt

SYMBOLS: Final = 29
"""a-z, any digit, the hyphen (and whatever else there is), and the border before and after a label."""
DIGIT, OTHER, BORDER = 26, 27, 28
STEP_BITS: Final = 0.75
DIGIT_BITS: Final = 3.3
"""Which of the ten digits it is."""
LABEL_CHARS_MAX: Final = 63


def coded(label: str) -> list[int]:
    """The symbols of a label, two borders before it and one after."""
    inner = [
        ord(letter) - 97 if "a" <= letter <= "z" else DIGIT if letter.isdigit() else OTHER
        for letter in label[:LABEL_CHARS_MAX]
    ]
    return [BORDER, BORDER, *inner, BORDER]


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.float64]:
    """Bits of the third symbol given the first two, shape (SYMBOLS, SYMBOLS, SYMBOLS)."""
    told = json.loads(files("bavn.actor.detect").joinpath("surprise.json").read_text(encoding="utf-8"))
    packed = np.frombuffer(decompress(b85decode(told["table"])), np.uint8)
    levels = np.stack([packed >> 4, packed & 15], axis=1).ravel()[: SYMBOLS**3]
    return np.asarray(levels.reshape(SYMBOLS, SYMBOLS, SYMBOLS) * STEP_BITS)


@lru_cache(maxsize=65536)
def surprise_bits(label: str) -> float:
    """Bits a character, the border after it counted as one: 3.8 for names that people chose, 5.8 for letters at random
    (bench/dga_table.py)."""
    codes = np.array(coded(label))
    bits = _table()[codes[:-2], codes[1:-1], codes[2:]] + DIGIT_BITS * (codes[2:] == DIGIT)
    return float(bits.mean())
