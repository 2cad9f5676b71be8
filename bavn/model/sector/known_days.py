"""How many groups of the sector knew an element, day by day: what a node keeps of the commons' answers to it.

A day's K is a bucket: below the threshold, 3-4, 5-8, 9-16, 17-32, 33 and more. A day on which the element was not
listed, or no round answered, is unlike a day on which too few knew it. Refuses to know the element.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

EDGES: Final = (3, 5, 9, 17, 33)
"""The smallest K of buckets 1 to 5; bucket 0 is below the threshold. The first is the commons' t."""
DAYS: Final = 28
ESTABLISHED_GROUPS, ESTABLISHED_DAYS, ESTABLISHED_OF_DAYS = 5, 7, 14
APPEARING_DAYS: Final = 3
NOT_LISTED: Final = 0xFF


class Familiarity(StrEnum):
    """What days come to, where they come to anything."""

    ESTABLISHED = "established"
    APPEARING = "appearing"


def bucket_of(groups: int) -> int:
    """Which bucket so many groups are."""
    return sum(groups >= edge for edge in EDGES)


_SHARED: Final = bucket_of(EDGES[0])


@dataclass(frozen=True, slots=True)
class KnownDays:
    """``day``: days since 1970; ``buckets``: DAYS bytes, of that day and those before it, the newest first.
    ValueError for another number of bytes, a bucket that there is not and a newest day that was not listed."""

    day: int
    buckets: bytes

    def __post_init__(self) -> None:
        if len(self.buckets) != DAYS or not all(one <= len(EDGES) or one == NOT_LISTED for one in self.buckets):
            raise ValueError(f"not {DAYS} days of buckets")
        if self.buckets[0] == NOT_LISTED:
            raise ValueError("the newest day was not listed")

    @classmethod
    def first(cls, day: int, bucket: int) -> Self:
        """Of an element that was never listed before."""
        return cls(day, bytes([bucket]) + bytes([NOT_LISTED]) * (DAYS - 1))

    def on(self, day: int, bucket: int) -> Self:
        """With another day's answer; of a second answer for one day the lower counts. ValueError for a day before the
        newest one."""
        if day < self.day:
            raise ValueError("days come in their order")
        if day == self.day:
            return type(self)(day, bytes([min(bucket, self.buckets[0])]) + self.buckets[1:])
        gap = bytes([NOT_LISTED]) * min(DAYS, day - self.day - 1)
        return type(self)(day, (bytes([bucket]) + gap + self.buckets)[:DAYS])

    def bucket(self, day: int) -> int | None:
        """What was answered for a day; None where it was not listed, or where that is not remembered."""
        back = self.day - day
        if not 0 <= back < DAYS or self.buckets[back] == NOT_LISTED:
            return None
        return self.buckets[back]

    def days_at(self, groups: int, today: int) -> int:
        """On how many of the last ESTABLISHED_OF_DAYS days so many groups or more knew it. ValueError for a number that
        is no edge."""
        least = EDGES.index(groups) + 1
        days = (self.bucket(today - back) for back in range(ESTABLISHED_OF_DAYS))
        return sum(bucket is not None and bucket >= least for bucket in days)

    def established(self, today: int) -> bool:
        """Five groups or more knew it on seven or more of the last fourteen days, today's among them."""
        return self.days_at(ESTABLISHED_GROUPS, today) >= ESTABLISHED_DAYS

    def appearing(self, today: int) -> bool:
        """It went from below the threshold to the threshold or more within the last three days, for the first time as
        far as is remembered. What this node first listed when others knew it already appears to nobody."""
        since = self.shared_since()
        if since is None or today - since >= APPEARING_DAYS:
            return False
        return any(self.bucket(since - back) == 0 for back in range(1, APPEARING_DAYS + 1))

    def familiarity(self, today: int) -> Familiarity | None:
        """Established, appearing, or neither; nothing is both."""
        if self.established(today):
            return Familiarity.ESTABLISHED
        return Familiarity.APPEARING if self.appearing(today) else None

    def shared_now_since(self) -> tuple[int, bool] | None:
        """Since which day the threshold or more have known it without a day below that is remembered, and whether it
        is known to have begun then: the day listed before was below. None where the newest day is below."""
        days = [(self.day - back, bucket) for back, bucket in enumerate(self.buckets) if bucket != NOT_LISTED]
        since = None
        for day, bucket in days:
            if bucket < _SHARED:
                return None if since is None else (since, True)
            since = day
        return None if since is None else (since, False)

    def shared_since(self) -> int | None:
        """The first day, of those remembered, on which the threshold or more knew it; None where there is none."""
        shared = [self.day - back for back, bucket in enumerate(self.buckets) if _SHARED <= bucket != NOT_LISTED]
        return min(shared, default=None)
