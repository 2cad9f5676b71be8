"""How much a name can carry: its length times the entropy of its characters, in bytes; vectorised over many names.

The measure is that of "Information-Based Heavy Hitters" (Ozery, Nadler & Shabtai, 2023). A name that merely spells an
address (a reverse look-up, a block-list query) carries that address and little else. Knows no domain, host or time.
"""

import re
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CHUNK_NAMES: Final = 50_000
CHARS_MAX: Final = 253
ADDRESS_SHARE: Final = 0.1
"""Of a name that spells an address this share counts: it repeats what a host met, it does not choose it."""

_SPELLS_ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}(\..*)?|([0-9a-f]\.){16,}[0-9a-f]?(\..*)?", re.IGNORECASE)


def _class_of(code: int) -> int:
    """64 classes of characters: letters without case, digits, and the rest by its value."""
    letter = chr(code).lower()
    if letter.isascii() and letter.isalpha():
        return ord(letter) - ord("a")
    return 26 + code - ord("0") if 48 <= code < 58 else 36 + code % 28


_CLASS = np.array([_class_of(code) for code in range(256)], np.int64)


def information_bytes(names: list[str]) -> Floats:
    """len(u) * H1(u) / 8 of each name, dots left out, H1 the entropy of its characters in bits."""
    found = [_chunk(names[at : at + CHUNK_NAMES]) for at in range(0, len(names), CHUNK_NAMES)]
    return np.concatenate(found) if found else np.zeros(0)


def _chunk(names: list[str]) -> Floats:
    raw = [name.replace(".", "")[:CHARS_MAX].encode("utf-8", "replace") for name in names]
    lengths = np.array([len(text) for text in raw], np.int64)
    letters = _CLASS[np.frombuffer(b"".join(raw), np.uint8)]
    owner = np.repeat(np.arange(len(raw)), lengths)
    counts = np.bincount(owner * 64 + letters, minlength=len(raw) * 64).reshape(len(raw), 64).astype(float)
    share = counts / np.maximum(lengths, 1)[:, None]
    entropy = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
    address = np.array([_SPELLS_ADDRESS.fullmatch(name) is not None for name in names])
    return np.asarray(lengths * entropy / 8 * np.where(address, ADDRESS_SHARE, 1.0))


def busiest(at_us: npt.NDArray[np.int64], amount: Floats, span_us: int) -> tuple[float, int]:
    """The largest sum within any ``span_us`` (at most that long), and the moment it was complete; ``at_us`` ascends."""
    if not len(at_us):
        return 0.0, 0
    total = np.cumsum(amount)
    first = np.searchsorted(at_us, at_us - span_us, "right")
    sums = total - np.where(first > 0, total[first - 1], 0.0)
    best = int(np.argmax(sums))
    return float(sums[best]), int(at_us[best])
