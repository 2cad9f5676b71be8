"""What everybody in a round agrees on. All of it is bound into the round's key (PSI.md)."""

from dataclasses import dataclass

ROUND_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundParams:
    """``t`` actors must hold an element; ``m`` elements in each padded set; ``r`` tables of ``bins`` = m*t bins.

    ``epoch``: days since 1970 (UTC). ``round_id``: 16 bytes. ``registry_version`` fixes every actor's x.
    ValueError for values outside the protocol's limits.
    """

    version: int
    epoch: int
    round_id: bytes
    registry_version: int
    tier: str
    t: int
    m: int
    r: int

    def __post_init__(self) -> None:
        if len(self.round_id) != ROUND_ID_BYTES:
            raise ValueError("a round id has 16 bytes")
        if not (2 <= self.t <= 8 and 1 <= self.m <= 1_000_000 and 2 <= self.r <= 40 and self.r % 2 == 0):
            raise ValueError(f"no such round: t={self.t} m={self.m} r={self.r}")
        if self.t * self.m * self.r > 2**31:
            raise ValueError("a round's planes must fit in 2**31 cells")

    @property
    def bins(self) -> int:
        return self.m * self.t

    @property
    def upload_bytes(self) -> int:
        """Exactly this, whatever the set."""
        return 8 * self.r * self.bins


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
