"""How a writer begins: takes hold of the directory, makes sure that manifest and segments belong together, and sweeps
what a crash left. Refuses to sweep what may be history that the manifest has lost.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from bavn.actor.store.faults import ManifestLost, StoreBusy
from bavn.actor.store.lease import ERAS, lease_file
from bavn.actor.store.manifest import FILE, Manifest
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.segment import ROLLUPS, description, number_of
from bavn.model.record import RECORD_TYPES

WRITER_LOCK: Final = "writer.lock"
_FORGOTTEN: Final = "forgotten_before_hour"
REBUILD_WORDS: Final = (
    "make it again from the segments, which say of themselves what they are "
    "(bavn node store rebuild; docs/store.md, When something is damaged)"
)


def take_hold(path: Path, disk: Disk) -> int:
    """The writer's lock on a store's directory, which is made if need be: a descriptor to close. Raises StoreBusy."""
    for name in ("segments", "damaged", "spill", *(f"segments/{table}" for table in (*RECORD_TYPES, *ROLLUPS))):
        own_folder(path / name)
    for era in ERAS:
        lease_file(path, era).touch(mode=0o600)
    grip = os.open(path / WRITER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(grip, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(grip)
        raise StoreBusy(f"another process writes to the store in {path}: stop it first, or only read") from error
    for directory in (path, path / "segments"):
        disk.keep_names(directory)
    return grip


def own_folder(folder: Path) -> None:
    """The folder, made if need be, its owner's alone whatever the umask; folders above it are made likewise."""
    for missing in [above for above in reversed(folder.parents) if not above.exists()]:
        missing.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def refuse_without_manifest(path: Path) -> None:
    """ManifestLost if there is history but nothing that lists it: an empty manifest would sweep it all away."""
    if not any(_holds(path / f"{FILE}{part}") for part in ("", "-wal")) and next(segment_files(path), None) is not None:
        raise ManifestLost(f"{path} has segments but no {FILE}: {REBUILD_WORDS}")


def _holds(file: Path) -> bool:
    """Whether there is anything in it: SQLite takes an empty file for a new database."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


def segment_files(path: Path) -> Iterator[Path]:
    """Every file in a store's segment directories, in order of its name."""
    yield from sorted((path / "segments").glob("*/*"))


def note_forgotten(path: Path, before_hour: int, disk: Disk) -> None:
    """Write beside the manifest what is about to be forgotten: files that wait to be deleted say nothing of it, and a
    manifest made again must not bring them back."""
    draft = path / f"{_FORGOTTEN}.draft"
    draft.write_text(f"{before_hour}\n")
    disk.keep(draft)
    disk.move(draft, path / _FORGOTTEN)
    disk.keep_names(path)


def forgotten_note(path: Path) -> int:
    """The first hour that was not forgotten, as last noted; 0 if none was."""
    try:
        return int((path / _FORGOTTEN).read_text())
    except (OSError, ValueError):
        return 0


def sweep_unlisted(path: Path, manifest: Manifest, disk: Disk) -> None:
    """Delete files that no committed change lists: a crash leaves those of one unfinished change, which the next change
    would write over. ManifestLost if a file is of a later change: then the manifest is an old copy."""
    listed = {s.name for s in manifest.segments()} | {name for _, name, _ in manifest.dropped()}
    unlisted = [file for file in segment_files(path) if f"{file.parent.name}/{file.name}" not in listed]
    after = manifest.next_id
    for file in unlisted:
        if _first_of(file) > after:
            raise ManifestLost(f"{path / FILE} is older than {file.name}: {REBUILD_WORDS}")
    for file in unlisted:
        disk.remove(file)


def sweep_unfinished(path: Path, manifest: Manifest, disk: Disk) -> None:
    """Delete the files of a change that failed: their numbers are free again."""
    after = manifest.next_id
    for file in segment_files(path):
        number = number_of(file)
        if number is not None and number >= after:
            disk.remove(file)


def _first_of(file: Path) -> int:
    try:
        return int(description(file)["first"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return 0
