"""The store as the node holds it: append, tidy, forget, and all that a reader may. Refuses to know who asks for what.

Order of every change: write new files, keep them, keep their names, list them in the manifest (one transaction), and
only then let go of what they replace. So a crash leaves the history as it was or as it was to become, and files that
nobody lists, which the next start sweeps.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa

from bavn.actor.store.engine import sweep_spill
from bavn.actor.store.faults import StoreBroken, StoreDamaged
from bavn.actor.store.history import History, checked_homes
from bavn.actor.store.intake import bounds, take
from bavn.actor.store.lease import ERAS, if_free
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import Change, Damaged, Manifest
from bavn.actor.store.retention import Merge, edges, forget_before, lacking_rollups, next_merge
from bavn.actor.store.segments.damage import damaged_among, quarantine, words
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.merger import Merger
from bavn.actor.store.segments.segment import ChangeManifest, Segment
from bavn.actor.store.segments.write import SegmentWriter
from bavn.actor.store.start import refuse_without_manifest, sweep_unfinished, sweep_unlisted, take_hold
from bavn.actor.store.stats import Mended
from bavn.actor.store.watchdog import Stopped
from bavn.model.clock.believed import BelievedClock
from bavn.model.ports import Clock, QueryRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What a tidying did: segments merged, rows forgotten, files deleted; ``more``: call again, there is more to do."""

    merged: int
    forgotten_rows: int
    deleted: int
    more: bool


class ColumnStore(History):
    """Implements the Store port over a directory. One writer at a time; any number of readers (History)."""

    def __init__(
        self,
        root: Path,
        limits: StoreLimits,
        homes: Sequence[str],
        manifest: Manifest,
        clock: Clock | None,
        disk: Disk,
        grip: int,
    ) -> None:
        super().__init__(root, limits, homes, manifest)
        self._clock, self._disk, self._grip = clock, disk, grip
        self._files, self._writing = root / "segments", threading.RLock()
        self._writer = SegmentWriter(self._files, disk)
        self._merger = Merger(root, limits, manifest, self._writer, disk, self._watchdog)
        self._believed: BelievedClock | None = None
        self.mended = Mended()

    @classmethod
    def open(
        cls,
        path: Path,
        limits: StoreLimits | None = None,
        *,
        homes: Sequence[str] = (),
        clock: Clock | None = None,
        tick: Callable[[], float] | None = None,
        disk: Disk | None = None,
    ) -> Self:
        """Open or make the store in ``path`` to write. Without a clock no row is too old or too new, nothing ages and
        nothing is merged unless asked. ``tick``: seconds that no clock's setting moves; with it a leap of the clock is
        believed after a day (believed.py). Raises StoreBusy, StoreBroken, OSError, ValueError for a bad home."""
        checked_homes(homes)
        disk = disk or Disk()
        grip = take_hold(path, disk)
        try:
            refuse_without_manifest(path)
            manifest = Manifest(path, read_only=False, lasting=disk.lasting)
            disk.keep_names(path)
            store = cls(path, limits or StoreLimits(), homes, manifest, clock, disk, grip)
        except BaseException:
            os.close(grip)
            raise
        store._begin()
        if clock is not None and tick is not None:
            store._believed = BelievedClock(clock, tick, store.stats().newest_us)
        return store

    @classmethod
    @contextmanager
    def temporary(cls, limits: StoreLimits | None = None, *, homes: Sequence[str] = ()) -> Iterator[Self]:
        """A store in a directory of its own that is gone afterwards: for one analysis, and for tests."""
        with (
            tempfile.TemporaryDirectory(prefix="bavn-store-") as directory,
            cls.open(Path(directory), limits, homes=homes) as store,
        ):
            yield store

    def append(self, source: str, mark: str, tables: Mapping[str, pa.Table]) -> int:
        """See the Store port. Rows with a time that no record can have are refused and counted (stats). Raises
        WrongColumns, StoreBroken, OSError: then nothing of the batch is kept and it may be handed over again."""
        with self._writing:
            if self._manifest.mark(source) == mark:
                return 0
            taken = take(tables, bounds(self._limits, self._span_us(), self._manifest.forgotten_before_hour))
            if self._clock is not None and not self._watchdog.stopped:
                self._make_room(sorted(taken.tables))
            known = self._manifest.fact("known_from_us")
            if taken.watched_from_us is not None:
                known = taken.watched_from_us if known is None else min(known, taken.watched_from_us)
            story = ChangeManifest(
                first=self._manifest.next_id,
                count=len(taken.tables),
                replaces=(),
                marks=self._manifest.marks() | {source: mark},
                known_from_us=known,
                forgotten_before_hour=self._manifest.forgotten_before_hour,
            )
            with self._whole_or_not():
                added = [
                    self._writer.micro(table, rows, story.first + at, story)
                    for at, (table, rows) in enumerate(taken.tables.items())
                ]
                self._writer.names_kept(set(taken.tables))
            refused = {(source, table, reason): rows for (table, reason), rows in taken.refused.items()}
            facts = {} if known is None else {"known_from_us": known}
            self._manifest.commit(Change(add=added, marks={source: mark}, refused=refused, facts=facts))
            return sum(segment.rows for segment in added)

    def tidy(self, merges_max: int | None = None) -> Tidied:
        """Merge what is due (at most so many merges), forget what is too old or too much, delete what is out of use.
        May be killed at any moment. Raises StoreDamaged (after taking the damaged file out), StoreBroken, OSError;
        QueryRefused when it was stopped."""
        with self._writing:
            forgotten = self._forget()
            merged, more = 0, False
            while (due := self._due()) is not None:
                if merges_max is not None and merged >= merges_max:
                    more = True
                    break
                self._changed(due)
                merged += 1
            return Tidied(merged=merged, forgotten_rows=forgotten, deleted=self.sweep(), more=more)

    def check(self, *, deep: bool = True) -> list[Damaged]:
        """Look for damaged segments and take them out of the history; ``deep`` reads every byte."""
        with self._writing:
            self._manifest.check()
            damaged = damaged_among(self._manifest.segments(), self._files, deep=deep)
            if damaged:
                quarantine(damaged, self._manifest, self._files, self._root / "damaged", self._disk)
            return damaged

    def check_part(self, after: int, bytes_max: int) -> int:
        """The same for segments beyond number ``after``, until about ``bytes_max`` bytes were read, and without keeping
        a writer waiting. Up to which it went, 0 at the end. From any thread; raises StoreBroken, OSError."""
        mine, read, upto = [], 0, 0
        for segment in sorted(self._manifest.segments(), key=lambda candidate: candidate.id):
            if segment.id > after:
                if read >= bytes_max:
                    break
                mine.append(segment)
                read, upto = read + segment.bytes, segment.id
        else:
            upto = 0
        suspects = {part.segment.id for part in damaged_among(mine, self._files, deep=True)}
        if suspects:  # one that was merged or forgotten meanwhile is gone, and not damaged
            with self._writing:
                self._damage([segment for segment in self._manifest.segments() if segment.id in suspects])
        return upto

    def sweep(self) -> int:
        """Delete the files that are out of use and that no window holds; returns how many."""
        with self._writing:
            deleted = 0
            for _ in ERAS:
                if not self._manifest.dropped():
                    break
                old = 1 - self._manifest.era
                with if_free(self._root, old) as free:
                    if not free:
                        break
                    for _, name, _ in self._manifest.dropped(old):
                        self._disk.remove(self._files / name)
                        deleted += 1
                    self._manifest.turn(old)
            return deleted

    def close(self) -> None:
        """Let go of the files; nothing is lost by not calling it."""
        with self._writing:
            self._merger.close()
            super().close()
            if self._grip >= 0:
                os.close(self._grip)
                self._grip = -1

    def _begin(self) -> None:
        """What a start does: sweep what a crash left, and take out what is plainly damaged."""
        try:
            sweep_spill(self._root / "spill")
            sweep_unlisted(self._root, self._manifest, self._disk)
            self.check(deep=False)
            self.sweep()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _whole_or_not(self) -> Iterator[None]:
        """Files of a change that failed give their space back at once."""
        try:
            yield
        except (OSError, Stopped, duckdb.Error, pa.ArrowException):
            sweep_unfinished(self._root, self._manifest, self._disk)
            raise

    def _make_room(self, tables: Sequence[str]) -> None:
        """No table gathers more micro segments than the limit, whether or not anybody tidies."""
        for table in tables:
            if self._manifest.micro_count(table) >= self._limits.micro_segments_max:
                self._changed(Merge(inputs=tuple(self._manifest.segments("tbl = ? AND hour IS NULL", (table,)))))

    def _due(self) -> Merge | Segment | None:
        """The next thing to do: segments to merge, or a segment to make the roll-up of."""
        segments = self._manifest.segments()
        now = None if self._clock is None else self._clock.now_us()
        merge = next_merge(segments, edges(now, self._limits), self._limits)
        return merge or next(iter(lacking_rollups(segments)), None)

    def _changed(self, due: Merge | Segment) -> None:
        """Merge, or make a roll-up; what cannot be read because it is damaged is taken out and named."""
        try:
            with self._whole_or_not():
                self._merger.change(due)
        except Stopped as error:
            raise QueryRefused(f"not merged: {error}") from error
        except duckdb.Error as error:
            if self._watchdog.stopped:
                raise QueryRefused(f"merging was broken off: the store is being closed ({error})") from error
            damage = self._damage(due.inputs if isinstance(due, Merge) else (due,))
            if damage is None:
                raise StoreBroken(f"merging failed ({error}): see to the disk space and the memory limit") from error
            raise damage from error

    def _forget(self) -> int:
        """Rows forgotten. An hour's share of a pack is known when the rest is written, so it looks again."""
        span_us = self._span_us()
        now = None if span_us is None else span_us[0]
        rows_gone = self._forgotten_rows()
        while True:
            segments = self._manifest.segments()
            before = max(forget_before(segments, self._limits, now), self._manifest.forgotten_before_hour)
            inputs = tuple(s for s in segments if s.of is None and any(hour < before for hour in s.held))
            if not inputs:
                return self._forgotten_rows() - rows_gone
            self._changed(Merge(inputs=inputs, keep_from_hour=before))

    def _span_us(self) -> tuple[int, int] | None:
        """Between which moments it may be now; None without a clock."""
        if self._believed is not None:
            return self._believed.span_us()
        return None if self._clock is None else (self._clock.now_us(),) * 2

    def _forgotten_rows(self) -> int:
        return sum(int(str(row[1])) for row in self._manifest.counts("forgotten"))

    def _damage(self, segments: Sequence[Segment]) -> StoreDamaged | None:
        with self._writing:
            if self._grip < 0:
                return super()._damage(segments)
            damaged = damaged_among(segments, self._files, deep=True)
            if not damaged:
                return None
            quarantine(damaged, self._manifest, self._files, self._root / "damaged", self._disk)
            return words(damaged, taken_out=True)
