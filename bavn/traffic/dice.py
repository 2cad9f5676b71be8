"""Dice that always fall the same way: a ChaCha20 key stream named by a seed and a label.

Each part of a run throws dice of its own (``fork``), so that one throw more in one place changes nothing in another.
Refuses to be used as a secret: whoever knows the seed knows it all.
"""

import hashlib
from typing import Self

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

_LABEL_BYTES_MAX = 4096


class SeededDice:
    """Implements the Dice port. Same seed, same label, same order of throws: same bytes."""

    def __init__(self, seed: int, label: str = "") -> None:
        if len(label.encode()) > _LABEL_BYTES_MAX:
            raise ValueError("a label is a name, not a story")
        self.seed = seed
        self.label = label
        key = hashlib.blake2b(f"{seed}\n{label}".encode(), digest_size=32, person=b"bavn-sim-dice").digest()
        self._stream = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor()

    def fork(self, label: str) -> Self:
        """Other dice, fixed by this one's seed and label and by ``label`` alone, not by what was thrown so far."""
        return type(self)(self.seed, f"{self.label}/{label}")

    def bytes(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        return self._stream.update(bytes(count))

    def below(self, limit: int) -> int:
        """A whole number in [0, limit); limit in 1..2**32 (bias below 2**-32)."""
        if not 1 <= limit <= 2**32:
            raise ValueError(f"cannot throw below {limit}")
        return int.from_bytes(self.bytes(8), "little") % limit

    def chance(self, share: float) -> bool:
        """True in about ``share`` of the throws. Always uses the same number of bytes."""
        return self.unit() < share

    def unit(self) -> float:
        """A number in [0, 1), 53 bits."""
        return (int.from_bytes(self.bytes(8), "little") >> 11) * 2.0**-53

    def units(self, count: int) -> Floats:
        """``count`` numbers in [0, 1), 53 bits each."""
        raw = np.frombuffer(self.bytes(8 * count), dtype="<u8")
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def whole(self, count: int, limit: int) -> Ints:
        """``count`` whole numbers in [0, limit)."""
        return (self.units(count) * limit).astype(np.int64)

    def waits(self, count: int, mean: float) -> Floats:
        """``count`` exponential waits with this mean."""
        return -mean * np.log1p(-self.units(count))

    def bells(self, count: int, middle: float, spread: float) -> Floats:
        """``count`` normal numbers (Box-Muller)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.units(count)))
        return np.asarray(middle + spread * radius * np.cos(2 * np.pi * self.units(count)), dtype=np.float64)

    def pick(self, count: int, weights: Floats) -> Ints:
        """``count`` indices drawn with these weights (not all zero)."""
        edges = np.cumsum(weights)
        found: Ints = np.searchsorted(edges, self.units(count) * edges[-1], side="right").astype(np.int64)
        return found
