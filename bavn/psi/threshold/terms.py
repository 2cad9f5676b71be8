"""What all holders agree on before they make a key: what it is for, who takes part, and how many it takes.

All of it is hashed into the ceremony's id, which every message carries: nothing of one ceremony is anything in another.
"""

import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from bavn.psi.threshold import messages, shamir
from bavn.psi.threshold.shares import PURPOSE_BYTES_MAX, PublicKey

TIER_BYTES_MAX: Final = 16
IDS, ROUNDS = "ids", "rounds"


def purpose(epoch: int, tier: str, use: str) -> bytes:
    """What a key is for. ``use``: IDS, to evaluate blinded elements, or ROUNDS, for the keys of rounds; never both."""
    if use not in {IDS, ROUNDS} or not 0 <= epoch < 2**31 or not 1 <= len(tier.encode("ascii")) <= TIER_BYTES_MAX:
        raise ValueError(f"no such purpose: {epoch} {tier!r} {use!r}")
    return f"{use} {epoch} {tier}".encode("ascii")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A ceremony of holders 1..n for a key of which any k have what all have.

    ``attempt`` counts from 0: a ceremony that failed is begun anew with the next. ``old``: for a reshare, the key that
    is shared anew; its ``purpose`` stays. ValueError for what cannot be.
    """

    purpose: bytes
    k: int
    n: int
    attempt: int = 0
    old: PublicKey | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n <= shamir.HOLDERS_MAX or not 0 <= self.attempt < 2**16:
            raise ValueError(f"no such ceremony: {self.k} of {self.n}, attempt {self.attempt}")
        if not 1 <= len(self.purpose) <= PURPOSE_BYTES_MAX or (self.old and self.old.purpose != self.purpose):
            raise ValueError("a ceremony has a purpose, and a reshare that of its key")

    @property
    def id(self) -> bytes:
        """32 bytes that name the ceremony and bind all of this."""
        sizes = struct.pack(">BBHB", self.k, self.n, self.attempt, len(self.purpose))
        old = self.old.to_bytes() if self.old else b""
        return blake2b(
            sizes + self.purpose + old, digest_size=messages.CEREMONY_BYTES, person=b"bavn-m3-terms"
        ).digest()

    @property
    def dealers(self) -> tuple[int, ...]:
        """Who deals: all, or in a reshare those who may have a share of the old key."""
        return tuple(range(1, (self.old.n if self.old else self.n) + 1))

    @property
    def holders(self) -> tuple[int, ...]:
        """Who gets a share."""
        return tuple(range(1, self.n + 1))

    @property
    def dealers_min(self) -> int:
        """Fewer whose deals stand, and no honest one need be among them (or the old key is not reached)."""
        return self.old.k if self.old else self.k
