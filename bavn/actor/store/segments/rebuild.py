"""Making a lost manifest again from the segments, which say of themselves what they are.

A file counts unless another says that it replaced it. Only the last change can be unfinished: if files of it are
missing or damaged it is set aside, for what it was to replace is still there, and a batch is read again from the mark
before it. Refuses to delete anything: what does not count goes to ``damaged/``.
"""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from bavn.actor.store.faults import StoreDamaged
from bavn.actor.store.intake import hours_of, span_of
from bavn.actor.store.manifest import FILE, Change, Manifest
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.segment import Segment, crc32_of, description, number_of
from bavn.actor.store.start import forgotten_note, segment_files, take_hold
from bavn.model.moment import HOUR_US
from bavn.model.record import TABLES

_NOTHING: Final[Mapping[str, Any]] = {"marks": {}, "known_from_us": None, "forgotten_before_hour": 0}
_UNREADABLE: Final = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was found: segments that count, rows of records in them, marks, and (file, why) of what was set aside."""

    segments: int
    rows: int
    marks: Mapping[str, str]
    aside: tuple[tuple[str, str], ...]


def rebuild(path: Path, disk: Disk | None = None) -> Rebuilt:
    """Write a new manifest for the store in ``path``; the old one and what does not count go to ``damaged/``. May be
    killed at any moment and begun again. Raises StoreBusy, OSError; StoreDamaged if no segment can be read."""
    disk = disk or Disk()
    grip = take_hold(path, disk)
    try:
        read, aside = _read_all(path)
        if aside and not read:
            raise StoreDamaged(f"no segment in {path} can be read: begin anew with an empty directory")
        for number in _unfinished(path, read) if read else ():
            aside[read.pop(number)[0]] = "is of a change that was not finished"
        replaced = {old for _, what in read.values() for old in what["replaces"]}
        for number in sorted(read):
            of = read[number][1]["of"]
            if number in replaced or (of is not None and (of in replaced or of not in read)):
                replaced.add(number)
        newest = read[max(read)][1] if read else _NOTHING
        for number in replaced & read.keys():
            aside[read.pop(number)[0]] = "was replaced"
        before = max(newest["forgotten_before_hour"], forgotten_note(path))
        segments = [_segment(file, number, what, aside) for number, (file, what) in sorted(read.items())]
        live = _remembered(segments, before, path, aside)
        _write(path, disk, live, read, {**newest, "forgotten_before_hour": before})
        for file in aside:
            disk.move(file, path / "damaged" / f"{file.parent.name}-{file.name}")
    finally:
        os.close(grip)
    return Rebuilt(
        segments=len(live),
        rows=sum(s.rows for s in live if s.table in TABLES),
        marks=newest["marks"],
        aside=tuple(sorted((f"{file.parent.name}/{file.name}", why) for file, why in aside.items())),
    )


_Said = dict[int, tuple[Path, dict[str, Any]]]


def _read_all(path: Path) -> tuple[_Said, dict[Path, str]]:
    """(file, what it says) by number, and the files that cannot be read."""
    read: _Said = {}
    aside: dict[Path, str] = {}
    for file in segment_files(path):
        try:
            what = description(file)
            read[int(what["id"])] = (file, what)
        except _UNREADABLE as error:
            aside[file] = f"cannot be read ({error})"
    return read, aside


def _unfinished(path: Path, read: _Said) -> list[int]:
    """The files of the last change, if some are missing or damaged and what they would have replaced is still there: it
    is as good, and what the last batch held is read again."""
    there = {number for file in segment_files(path) if (number := number_of(file)) is not None}
    last = read[max(read)][1]
    wanted = range(last["first"], last["first"] + last["count"])
    whole = all(number in read for number in wanted)
    waiting = all(old in there for old in last["replaces"])
    return [] if whole or not waiting else [number for number in wanted if number in read]


def _segment(file: Path, number: int, what: Mapping[str, Any], aside: dict[Path, str]) -> Segment | None:
    """The manifest's line for a file, read from the file; None (and set aside) if it turns out damaged."""
    hour = what["hour"]
    try:
        rows = pq.read_metadata(file).num_rows
        span, hours = _times(file, hour, what["span"], rolled_up=what["of"] is not None)
        return Segment(
            id=number,
            table=what["table"],
            raw=what["raw"],
            hour=hour,
            rows=rows,
            bytes=file.stat().st_size,
            crc32=crc32_of(file),
            first_us=span[0],
            last_us=span[1],
            layout=what["layout"],
            of=what["of"],
            span=what["span"],
            hours=hours,
        )
    except _UNREADABLE as error:
        aside[file] = f"cannot be read ({error})"
        return None


def _remembered(segments: Sequence[Segment | None], before: int, path: Path, aside: dict[Path, str]) -> list[Segment]:
    """Those with anything that was not forgotten."""
    live = [segment for segment in segments if segment is not None]
    for segment in live:
        if max(segment.held) < before:
            aside[path / "segments" / segment.name] = "was forgotten"
    return [segment for segment in live if max(segment.held) >= before]


def _times(
    file: Path, hour: int | None, span: int, *, rolled_up: bool
) -> tuple[tuple[int, int], tuple[tuple[int, int], ...]]:
    """The times of a file, and for a micro segment or a pack its rows by hour."""
    if hour is not None and rolled_up:
        counts = Counter(pq.read_table(file, columns=["hour"])["hour"].to_pylist()) if span > 1 else {}
        return (hour * HOUR_US, (hour + span) * HOUR_US - 1), tuple(sorted(counts.items()))
    times = pq.read_table(file, columns=["ts"])
    return span_of(times), hours_of(times) if hour is None or span > 1 else ()


def _write(path: Path, disk: Disk, live: Sequence[Segment], read: _Said, newest: Mapping[str, Any]) -> None:
    """The new manifest is complete beside the old one before it takes its place."""
    place = path / "rebuild"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    manifest = Manifest(place, read_only=False)
    layouts = {what["layout"]: (what["table"], what["columns"]) for _, what in read.values()}
    facts = {"forgotten_before_hour": newest["forgotten_before_hour"]}
    if newest["known_from_us"] is not None:
        facts["known_from_us"] = newest["known_from_us"]
    manifest.commit(Change(add=live, facts=facts, layouts=layouts, marks=newest["marks"]))
    manifest.close()
    disk.keep(place / FILE)
    for suffix in ("-wal", "-shm", ""):
        disk.move(path / f"{FILE}{suffix}", path / "damaged" / f"{FILE}{suffix}")
    disk.move(place / FILE, path / FILE)
    disk.keep_names(path)
    place.rmdir()
