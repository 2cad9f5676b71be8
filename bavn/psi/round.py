"""What everybody in a round agrees on. All of it is bound into the round's key (PSI.md).

Refuses to know who takes part.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

from bavn.model.forms import FORMS_PATTERN

PROTOCOL_VERSION: Final = 1
ROUND_ID_BYTES: Final = 16
T_MIN, T_MAX = 2, 8
M_MAX: Final = 1_000_000
R_MAX: Final = 40
CELLS_MAX: Final = 2**31
_TIER = re.compile(r"[A-Z][a-z0-9-]{0,15}")
_FORMS = re.compile(rf"({FORMS_PATTERN})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundParams:
    """``t`` actors must hold an element; ``m`` elements in each padded set; ``r`` tables of ``bins`` = m*t bins.

    ``epoch``: days since 1970 (UTC). ``round_id``: 16 bytes. ``registry_version`` fixes every actor's x. ``forms``: how
    observables are written and names cut (model/forms.py); empty where nobody names them.
    ValueError for values outside the protocol's limits, an unknown ``version`` among them.
    """

    version: int
    epoch: int
    round_id: bytes
    registry_version: int
    tier: str
    t: int
    m: int
    r: int
    forms: str = ""

    def __post_init__(self) -> None:
        if self.version != PROTOCOL_VERSION:
            raise ValueError(f"version {self.version} of the private join is not spoken here, {PROTOCOL_VERSION} is")
        if len(self.round_id) != ROUND_ID_BYTES:
            raise ValueError("a round id has 16 bytes")
        if not (0 <= self.epoch < 2**31 and 1 <= self.registry_version < 2**63 and _TIER.fullmatch(self.tier)):
            raise ValueError(f"no such round: epoch={self.epoch} registry={self.registry_version} tier={self.tier!r}")
        if not (T_MIN <= self.t <= T_MAX and 1 <= self.m <= M_MAX and 2 <= self.r <= R_MAX and self.r % 2 == 0):
            raise ValueError(f"no such round: t={self.t} m={self.m} r={self.r}")
        if not _FORMS.fullmatch(self.forms):
            raise ValueError(f"no such forms: {self.forms!r}")
        if self.t * self.m * self.r > CELLS_MAX:
            raise ValueError("a round's planes must fit in 2**31 cells")

    @property
    def bins(self) -> int:
        return self.m * self.t

    @property
    def upload_bytes(self) -> int:
        """Exactly this, whatever the set."""
        return 8 * self.r * self.bins

    def canonical(self) -> bytes:
        """Every field at a fixed place, big-endian, then the tier with its length before it, then the forms: what the
        round's key binds. Two rounds that differ in anything have different bytes."""
        tier = self.tier.encode("ascii")
        numbers = (self.version, self.epoch, self.registry_version, self.t, self.m, self.r, self.bins, len(tier))
        return self.round_id + struct.pack(">IQQIIIQH", *numbers) + tier + self.forms.encode("ascii")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One place in the planes: table 0..r-1, bin 0..bins-1."""

    table: int
    bin: int


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """At least t actors hold one element here; ``holders`` are their x values, ascending."""

    cell: Cell
    holders: tuple[int, ...]
