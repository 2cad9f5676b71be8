"""The account of one source: what came of its lines, why some were refused, how far behind its reader is.

Written by the thread that reads, looked at by the one that tells how the node is. Refuses to judge.
"""

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from bavn.actor.formats.refused import RefusedLine, without_file
from bavn.actor.sense.base import Accounted, Batch, Loss, Source
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.model.text import Text

REASONS_MAX: Final = 50
"""Reasons kept apart; what is refused for others is counted together."""

REASONS_TOLD: Final = 5
LIVE: Final = frozenset({"suricata", "eve", "zeek", "syslog"})
"""Sources whose records come soon after what they tell of: their times can be held against the clock."""

OFFSET_MINUTES: Final = 10
GAP_HOURS: Final = 48
HEARD_MIN: Final = 60
KNOWN_US: Final = 30 * MINUTE_US
STATS: Final = "stats"
"""The table of what a sensor says of itself."""

_OTHER: Final = Text("other reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """An account at one moment. ``caught_up_us``: all that lay there at this moment is read; None before the first
    time. ``reasons``: the commonest first, by their message, said with the facts of the latest; how often, and where
    last (``file:line``, the file alone where there are no lines, empty where nobody knows). ``received_us``: when it
    last gave a record of traffic, not one of how its program is; None where it gave none yet. ``usual_gap_us``: the
    longest silence between two looks that brought records, of the last two days; None while too
    little was received to say."""

    name: str
    rows: int
    passed: int
    refused: int
    reasons: tuple[tuple[Text, int, str], ...]
    broken: Text | None
    caught_up_us: int | None
    lag_bytes: int
    losses: tuple[Loss, ...]
    counts: Mapping[str, int]
    clock_offset_s: int | None = None
    received_us: int | None = None
    usual_gap_us: int | None = None


@dataclass(slots=True)
class Account:
    """Of one source, since the node started."""

    source: Source
    began_us: int
    rows: int = 0
    passed: int = 0
    refused: int = 0
    broken: Text | None = None
    caught_up_us: int | None = None
    received_us: int | None = None
    _lost: dict[str, Loss] = field(default_factory=dict)
    _reasons: Counter[str] = field(default_factory=Counter)
    _latest: dict[str, tuple[Text, str]] = field(default_factory=dict)
    _of_source: tuple[tuple[Loss, ...], Mapping[str, int]] = ((), MappingProxyType({}))
    _lag_bytes: int = 0
    _heard: int = 0
    _kinds: dict[str, int] = field(default_factory=dict)
    _gaps: deque[tuple[int, int]] = field(default_factory=deque)
    _offsets: deque[tuple[int, int]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, batch: Batch, now_us: int | None = None) -> None:
        """A batch that the store has. ``now_us``: the clock at that moment, for a source that tells of what is now."""
        if now_us is not None and self.source.name in LIVE:
            self._compare(batch, now_us)
        with self._lock:
            kinds = [kind for kind, table in batch.tables.items() if kind != STATS and table.num_rows]
            if now_us is not None and kinds:
                self._hear(kinds, now_us)
            self.rows += batch.rows
            self.passed += batch.passed
            self.refused += batch.refused
            for refusal in batch.refusals:
                self._count(without_file(refusal.reason), 1, _place(refusal))
            unnamed = batch.refused - len(batch.refusals)
            if unnamed:
                self._count(_OTHER, unnamed, "")

    def _count(self, why: Text, times: int, place: str) -> None:
        """By the message alone: facts make no more keys."""
        if why.message not in self._reasons and len(self._reasons) >= REASONS_MAX:
            why = _OTHER
        self._reasons[why.message] += times
        self._latest[why.message] = why, place or self._latest.get(why.message, (why, ""))[1]

    def lost(self, loss: Loss) -> None:
        """What was lost on the way, beside what the source itself tells."""
        with self._lock:
            before = self._lost.get(loss.what)
            count = loss.count + (before.count if before else 0)
            self._lost[loss.what] = replace(loss, count=count, of=None)

    def _hear(self, kinds: Sequence[str], now_us: int) -> None:
        """Records of traffic came: the silence before them, the longest of its hour, is how long it is wont to be."""
        hour, gap_us = now_us // HOUR_US, now_us - (now_us if self.received_us is None else self.received_us)
        if self._gaps and self._gaps[-1][0] == hour:
            gap_us = max(gap_us, self._gaps.pop()[1])
        self._gaps.append((hour, gap_us))
        while self._gaps[0][0] <= hour - GAP_HOURS:
            self._gaps.popleft()
        self.received_us = now_us
        self._heard += 1
        self._kinds.update(dict.fromkeys(kinds, now_us))

    def kinds_since(self, moment_us: int) -> tuple[str, ...]:
        """Record types of which it gave one since then. From any thread."""
        with self._lock:
            return tuple(kind for kind, at_us in self._kinds.items() if at_us >= moment_us)

    def _usual_gap_us(self) -> int | None:
        """None before half an hour and HEARD_MIN looks that brought something."""
        known = (
            self._heard >= HEARD_MIN and self.received_us is not None and self.received_us - self.began_us >= KNOWN_US
        )
        return max(gap for _, gap in self._gaps) if known else None

    def _compare(self, batch: Batch, now_us: int) -> None:
        """How far the newest record is ahead of the clock. What is logged late says little, so the most in ten minutes
        counts: one entry a minute. What lay there before the source was ever read to its end says nothing of being
        behind: it is what was logged while nobody read."""
        import pyarrow as pa  # a node that reads nothing has no columns
        import pyarrow.compute as pc

        newest = [pc.max(table["ts"].cast(pa.int64())).as_py() for table in batch.tables.values() if table.num_rows]
        latest = max((ts for ts in newest if ts is not None), default=None)
        if latest is None:
            return
        minute, offset = now_us // MINUTE_US, latest - now_us
        if offset < 0 and self.caught_up_us is None:
            return
        with self._lock:
            if self._offsets and self._offsets[-1][0] == minute:
                offset = max(offset, self._offsets.pop()[1])
            self._offsets.append((minute, offset))
            while self._offsets[0][0] <= minute - OFFSET_MINUTES:
                self._offsets.popleft()

    def read_up_to(self, moment_us: int) -> None:
        """A look that began then has read all there was."""
        self.caught_up_us = moment_us

    def figures(self) -> Figures:
        """From any thread."""
        # Where its reader changes files at this moment, or fails, what was last known stands.
        with contextlib.suppress(Exception):
            self._lag_bytes = self.source.lag_bytes()
        if isinstance(self.source, Accounted):
            with contextlib.suppress(Exception):
                self._of_source = tuple(self.source.losses()), dict(self.source.counts())
        with self._lock:
            return Figures(
                name=self.source.name,
                reasons=tuple(
                    (self._latest[kind][0], count, self._latest[kind][1])
                    for kind, count in self._reasons.most_common(REASONS_TOLD)
                ),
                rows=self.rows,
                passed=self.passed,
                refused=self.refused,
                broken=self.broken,
                caught_up_us=self.caught_up_us,
                lag_bytes=self._lag_bytes,
                losses=(*self._of_source[0], *self._lost.values()),
                counts=self._of_source[1],
                received_us=self.received_us,
                usual_gap_us=self._usual_gap_us(),
                clock_offset_s=round(max(off for _, off in self._offsets) / SECOND_US) if self._offsets else None,
            )


def _place(refusal: RefusedLine) -> str:
    return f"{refusal.file}:{refusal.line}" if refusal.line else refusal.file
