"""Carrying out one change of the history's shape: segments become one an hour or a pack, with
roll-ups; old hours fall away.

All of a change is one transaction of the manifest. Refuses to decide what is due (retention.py).
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bavn.actor.store.engine import Engine
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import Change, Manifest
from bavn.actor.store.retention import Merge
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.segment import ROLLUP_OF, ChangeManifest, Segment
from bavn.actor.store.segments.write import SegmentWriter
from bavn.actor.store.start import note_forgotten
from bavn.actor.store.watchdog import Watchdog
from bavn.model.record import TABLES


class Merger:
    """Holds the writer's own DuckDB, opened when first needed."""

    def __init__(
        self, root: Path, limits: StoreLimits, manifest: Manifest, writer: SegmentWriter, disk: Disk, watchdog: Watchdog
    ) -> None:
        self._root, self._limits, self._manifest, self._writer, self._disk = root, limits, manifest, writer, disk
        self._watchdog = watchdog
        self._engine: Engine | None = None

    def change(self, due: Merge | Segment) -> None:
        """Carry out a merge, or make the roll-up of a segment. Raises duckdb.Error if a segment cannot be read or the
        disk is full, Stopped: then nothing has changed."""
        if self._engine is None:
            self._engine = Engine(self._limits, self._root / "spill")
        with self._watchdog.within(math.inf, self._engine.interrupt):
            if isinstance(due, Merge):
                self._merge(self._engine, due)
            else:
                self._roll_up(self._engine, due)

    def close(self) -> None:
        """Harmless when repeated."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _roll_up(self, engine: Engine, of: Segment) -> None:
        old = tuple(self._manifest.segments("of = ?", (of.id,)))
        story = self._story(1, old, self._manifest.forgotten_before_hour)
        made = self._writer.rollup(engine, of, story.first, story, self._manifest.layouts())
        self._writer.names_kept({made.table})
        self._manifest.commit(Change(add=(made,), drop=old))

    def _merge(self, engine: Engine, merge: Merge) -> None:
        before = max(merge.keep_from_hour, self._manifest.forgotten_before_hour)
        raw = [segment for segment in merge.inputs if segment.table in TABLES]
        numbers = {segment.id for segment in raw}
        rollups = [s for s in self._manifest.segments("of IS NOT NULL") if s.of in numbers]
        drop = sorted([*raw, *rollups], key=lambda segment: segment.id)
        due: defaultdict[tuple[str, int, int], list[Segment]] = defaultdict(list)
        for segment in raw:
            for first, hours in _parts(segment, merge.packs, before):
                due[segment.table, first, hours].append(segment)
        files = sum(2 if table in ROLLUP_OF else 1 for table, _, _ in due)
        story = self._story(files, drop, before)
        layouts = self._manifest.layouts()
        added: list[Segment] = []
        for (table, first, hours), those in sorted(due.items()):
            number = story.first + len(added)
            merged = self._writer.hours(engine, table, (first, hours, before), those, number, story, layouts)
            added.append(merged)
            if table in ROLLUP_OF:
                added.append(self._writer.rollup(engine, merged, number + 1, story, layouts))
        self._writer.names_kept({segment.table for segment in added})
        if before > self._manifest.forgotten_before_hour:
            note_forgotten(self._root, before, self._disk)
        self._manifest.commit(
            Change(
                add=added,
                drop=drop,
                forgotten=_forgotten(raw, before),
                facts={"forgotten_before_hour": before} if before else {},
            )
        )

    def _story(self, count: int, replaces: "tuple[Segment, ...] | list[Segment]", before: int) -> ChangeManifest:
        return ChangeManifest(
            first=self._manifest.next_id,
            count=count,
            replaces=tuple(segment.id for segment in replaces),
            marks=self._manifest.marks(),
            known_from_us=self._manifest.fact("known_from_us"),
            forgotten_before_hour=before,
        )


def _parts(segment: Segment, packs: Sequence[tuple[int, int]], before: int) -> list[tuple[int, int]]:
    """(first hour, hours) of what a segment's rows go into: the packs that hold its hours, the pack that it is, or each
    of its hours."""
    into: dict[tuple[int, int], None] = {}
    for hour in segment.held:
        if hour >= before:
            alone = (hour, 1) if segment.hour is None else (segment.hour, segment.span)
            into[next((pack for pack in packs if pack[0] <= hour < pack[0] + pack[1]), alone)] = None
    return list(into)


def _forgotten(raw: "list[Segment]", before: int) -> dict[str, tuple[int, int]]:
    """(rows, bytes) by table that lie before this hour; a micro segment's bytes are shared out by rows."""
    lost: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for segment in raw:
        rows = sum(count for hour, count in segment.rows_by_hour if hour < before)
        if rows:
            had = lost[segment.table]
            lost[segment.table] = (had[0] + rows, had[1] + segment.bytes * rows // segment.rows)
    return dict(lost)
