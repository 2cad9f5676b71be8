"""Which segments are due to become one, and which hours are due to be forgotten. Pure: looks at the list, not at files.

Micro segments go into their hours when many have gathered or an hour has closed; an hour's segments become one when it
has closed, again when enough late rows have come, and for good when a day has passed. Where hours are small, a quarter
of a day and then a day become one pack: a question over weeks opens tens of files, not thousands. Days that come whole,
long after, become packs at once. Refuses to know the time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.segments.segment import ROLLUP_OF, Segment, layout
from bavn.model.moment import DAY_US, MINUTE_US, hour_of
from bavn.model.record import TABLES

LATE_SHARE: Final = 0.05
"""An hour is written anew when what came beside its largest segment is this much of it: so no row is written more than
a few times, however late the rest comes."""
CLOSED_SEGMENTS_MAX: Final = 4
OPEN_SEGMENTS_MAX: Final = 8
SETTLED_US: Final = DAY_US
PACKS_HOURS: Final = (24, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """These segments become one a table and hour; or one a table over the hours of a pack (first hour, hours) of
    ``packs``. Rows of hours before ``keep_from_hour`` are left out."""

    inputs: tuple[Segment, ...]
    packs: tuple[tuple[int, int], ...] = ()
    keep_from_hour: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Hours before ``closed_before`` have ended long enough ago; hours before ``settled_before`` see no late rows any
    more, as good as never."""

    closed_before: int
    settled_before: int


def edges(now_us: int | None, limits: StoreLimits) -> Edges:
    """Without a clock every hour has closed and settled."""
    if now_us is None:
        return Edges(closed_before=2**62, settled_before=2**62)
    late = now_us - limits.late_minutes_max * MINUTE_US
    return Edges(closed_before=hour_of(late), settled_before=hour_of(late - SETTLED_US))


def next_merge(segments: Sequence[Segment], edge: Edges, limits: StoreLimits) -> Merge | None:
    """The first merge that is due, None if none is. Doing it makes progress: no merge is due again at once."""
    for table in TABLES:
        mine = [segment for segment in segments if segment.table == table]
        micro = tuple(segment for segment in mine if segment.hour is None)
        by_hour: defaultdict[int, list[Segment]] = defaultdict(list)
        for segment in mine:
            if segment.hour is not None and segment.span == 1:
                by_hour[segment.hour].append(segment)
        if micro and _micro_due(micro, by_hour, edge, limits):
            return Merge(inputs=micro, packs=_come_whole(micro, mine, edge, limits.pack_bytes_max))
        for hour, those in sorted(by_hour.items()):
            if _hour_due(hour, those, edge):
                return Merge(inputs=tuple(those))
        pack = _next_pack([s for s in mine if s.hour is not None], edge, limits.pack_bytes_max)
        if pack is not None:
            return pack
    return None


def _next_pack(sorted_segments: Sequence[Segment], edge: Edges, bytes_max: int) -> Merge | None:
    """The largest pack that is due, the oldest first."""
    for hours in PACKS_HOURS:
        blocks: defaultdict[int, list[Segment]] = defaultdict(list)
        for segment in sorted_segments:
            if segment.hour is not None and segment.span <= hours:
                blocks[segment.hour // hours * hours].append(segment)
        for first, those in sorted(blocks.items()):
            if sum(s.bytes for s in those) <= bytes_max and _pack_due(first + hours, hours, those, edge):
                return Merge(inputs=tuple(those), packs=((first, hours),))
    return None


def _come_whole(
    micro: Sequence[Segment], mine: Sequence[Segment], edge: Edges, bytes_max: int
) -> tuple[tuple[int, int], ...]:
    """The packs for hours that have closed and of which nothing lies sorted yet: the history that a new source brings
    is written once, not hour by hour first."""
    size: defaultdict[int, float] = defaultdict(float)
    for segment in micro:
        for hour, rows in segment.hours:
            size[hour] += segment.bytes * rows / segment.rows
    sorted_hours = {hour for segment in mine if segment.hour is not None for hour in segment.held}
    packs: list[tuple[int, int]] = []
    for hours in PACKS_HOURS:
        for first in sorted({hour // hours * hours for hour in size}):
            span = range(first, first + hours)
            due = first + hours <= edge.closed_before and sum(hour in size for hour in span) >= 2
            if due and sorted_hours.isdisjoint(span) and sum(size.get(hour, 0.0) for hour in span) <= bytes_max:
                packs.append((first, hours))
                for hour in span:
                    size.pop(hour, None)
    return tuple(packs)


def _pack_due(end: int, hours: int, those: Sequence[Segment], edge: Edges) -> bool:
    """All of its hours have closed; what comes late waits like it does in an hour."""
    if len(those) < 2 or end > edge.closed_before:
        return False
    packed = sum(s.rows for s in those if s.span == hours)
    late = sum(s.rows for s in those) - packed
    return not packed or end <= edge.settled_before or late >= LATE_SHARE * packed


def _micro_due(micro: Sequence[Segment], by_hour: dict[int, list[Segment]], edge: Edges, limits: StoreLimits) -> bool:
    if len(micro) >= limits.micro_segments_max or edge.closed_before >= 2**62:
        return True
    waiting: defaultdict[int, int] = defaultdict(int)
    for segment in micro:
        for hour, rows in segment.hours:
            waiting[hour] += rows
    return any(
        rows >= LATE_SHARE * sum(s.rows for s in by_hour.get(hour, ()))
        for hour, rows in waiting.items()
        if hour < edge.closed_before
    )


def _hour_due(hour: int, those: Sequence[Segment], edge: Edges) -> bool:
    if len(those) < 2 or hour < edge.settled_before:
        return len(those) >= 2
    if hour >= edge.closed_before:
        return len(those) >= OPEN_SEGMENTS_MAX
    rows = sorted(segment.rows for segment in those)
    return len(those) >= CLOSED_SEGMENTS_MAX or sum(rows[:-1]) >= LATE_SHARE * rows[-1]


def lacking_rollups(segments: Sequence[Segment]) -> list[Segment]:
    """Hour segments whose roll-up is missing (it was damaged) or of another version."""
    made = {s.of for s in segments if s.of is not None and s.layout == layout(s.table)}
    return [s for s in segments if s.table in ROLLUP_OF and s.hour is not None and s.id not in made]


def forget_before(segments: Iterable[Segment], limits: StoreLimits, now_us: int | None) -> int:
    """The first hour to keep: by age of the clock, and by bytes from the newest hour backwards. The newest hour that
    has come (or is now) is never forgotten."""
    size: defaultdict[int, float] = defaultdict(float)
    for segment in segments:
        for hour, rows in segment.rows_by_hour:
            size[hour] += segment.bytes * (rows / segment.rows if segment.rows else 1)
    if not size:
        return 0
    newest = max(size) if now_us is None else min(max(size), hour_of(now_us))
    before = 0
    if now_us is not None and limits.age_days_max is not None:
        before = hour_of(max(0, now_us - limits.age_days_max * DAY_US))
    if limits.bytes_max is not None:
        before = max(before, _within_bytes(size, limits.bytes_max))
    return min(before, newest)


def _within_bytes(size: dict[int, float], bytes_max: int) -> int:
    """The first hour of the newest ones that together are no larger than the bound."""
    total = 0.0
    for hour in sorted(size, reverse=True):
        total += size[hour]
        if total > bytes_max:
            return hour + 1
    return 0
