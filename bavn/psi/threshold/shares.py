"""What a ceremony leaves: a public key that everybody may know, and each holder's secret share of it.

A share is of one key: shares of two epochs, or from before and after a reshare, do not combine. Python keeps copies of
what it worked with: ``forget`` overwrites the share itself and cannot reach those.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self

from bavn.psi import group
from bavn.psi.threshold import shamir

_HEAD: Final = b"bavn-m3-key-1"
PURPOSE_BYTES_MAX: Final = 64


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """Feldman's commitments to the polynomial that nobody has: ``commitments[0]`` is the key times the generator.

    ``purpose``: epoch, tier and use, as the ceremony bound them. ``n`` holders, of whom any k = len(commitments).
    ValueError for what cannot be one.
    """

    purpose: bytes
    n: int
    commitments: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.purpose) <= PURPOSE_BYTES_MAX:
            raise ValueError(f"a purpose has 1 to {PURPOSE_BYTES_MAX} bytes")
        if not 1 <= len(self.commitments) <= self.n <= shamir.HOLDERS_MAX:
            raise ValueError(f"no such threshold: {len(self.commitments)} of {self.n}")
        others = [point for point in self.commitments[1:] if point != group.IDENTITY]
        if not group.are_points([self.point, *others]):
            raise ValueError("the commitments are not elements of the group")

    @property
    def k(self) -> int:
        return len(self.commitments)

    @property
    def point(self) -> bytes:
        """The key times the generator."""
        return self.commitments[0]

    @cached_property
    def holders(self) -> dict[int, bytes]:
        """Each holder's public share: its share times the generator. A holder whose share is zero is not there: only by
        bending its own deal can one come to that."""
        shares = {number: shamir.committed(self.commitments, number) for number in range(1, self.n + 1)}
        return {number: share for number, share in shares.items() if share != group.IDENTITY}

    def to_bytes(self) -> bytes:
        """One spelling, to be kept, hashed and compared."""
        head = _HEAD + bytes([len(self.purpose)]) + self.purpose + bytes([self.n, self.k])
        return head + b"".join(self.commitments)

    @staticmethod
    def bytes_of(purpose: bytes, k: int) -> int:
        """How long :meth:`to_bytes` is."""
        return len(_HEAD) + 1 + len(purpose) + len(b"nk") + k * group.POINT_BYTES

    @classmethod
    def of_bytes(cls, raw: bytes) -> Self:
        """ValueError for what :meth:`to_bytes` would not have written."""
        head = len(_HEAD)
        if raw[:head] != _HEAD or len(raw) < head + 3:
            raise ValueError("not a public key of holders")
        end = head + 1 + raw[head]
        purpose, sizes, points = raw[head + 1 : end], raw[end : end + 2], raw[end + 2 :]
        if len(sizes) != len(b"nk") or len(points) != group.POINT_BYTES * sizes[1]:
            raise ValueError("a public key of holders has another length")
        split = (points[at : at + group.POINT_BYTES] for at in range(0, len(points), group.POINT_BYTES))
        return cls(purpose=purpose, n=sizes[0], commitments=tuple(split))


@dataclass(frozen=True, eq=False)
class KeyShare:
    """Holder ``number``'s share of ``public``. ValueError where it does not fit to it."""

    number: int
    public: PublicKey
    _scalar: bytearray = field(repr=False)

    @classmethod
    def of(cls, number: int, public: PublicKey, scalar: bytes) -> Self:
        if not group.is_scalar(scalar) or public.holders.get(number) != group.times_base(scalar):
            raise ValueError(f"not holder {number}'s share of this key")
        return cls(number, public, bytearray(scalar))

    @property
    def scalar(self) -> bytes:
        """ValueError once it is forgotten."""
        scalar = bytes(self._scalar)
        if group.is_zero(scalar):
            raise ValueError("this share is forgotten")
        return scalar

    def weighted(self, among: Iterable[int]) -> bytes:
        """The share times its weight among the holders that are asked together: their sum is the key. ValueError for
        holders that are not k of n, or not this one among them."""
        return group.product(shamir.weight(self.number, panel_of(self.public, among)), self.scalar)

    def forget(self) -> None:
        """Overwrites the share."""
        self._scalar[:] = bytes(len(self._scalar))


def panel_of(public: PublicKey, among: Iterable[int]) -> tuple[int, ...]:
    """The k holders that are asked together, ascending. ValueError where they are not k of n."""
    numbers = tuple(sorted(among))
    if len(numbers) != public.k or not shamir.are_holders(numbers) or not public.holders.keys() >= set(numbers):
        raise ValueError(f"{public.k} of {public.n} holders are asked together, not {numbers}")
    return numbers
