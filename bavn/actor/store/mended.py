"""A store that is opened whatever became of its manifest: a node sees on, with all that its segments still say.

What is damaged is put aside and kept (``damaged/``), and counted, so that health names it. Refuses to mend what the
operator must: rights, a disk that is full, a store that another program wrote.
"""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.faults import ManifestLost, StoreDamaged
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import FILE
from bavn.actor.store.segments.disk import Disk
from bavn.actor.store.segments.rebuild import rebuild
from bavn.actor.store.start import segment_files, take_hold
from bavn.actor.store.stats import Mended
from bavn.model.ports import Clock

_LOG = logging.getLogger(__name__)


def open_or_mend(
    path: Path,
    limits: StoreLimits | None = None,
    *,
    homes: Sequence[str] = (),
    clock: Clock | None = None,
    tick: Callable[[], float] | None = None,
) -> ColumnStore:
    """``ColumnStore.open``; a manifest that is lost is made again first. Raises what that raises, and what rebuild
    does."""
    try:
        return ColumnStore.open(path, limits, homes=homes, clock=clock, tick=tick)
    except ManifestLost as error:
        _LOG.error("%s: it is made again now", error)
    mended = _made_again(path)
    store = ColumnStore.open(path, limits, homes=homes, clock=clock, tick=tick)
    store.mended = mended
    return store


def _made_again(path: Path) -> Mended:
    try:
        rebuilt = rebuild(path)
    except StoreDamaged as error:
        _LOG.error("%s: all of it is put aside", error)
        return Mended(manifests=1, files=_all_aside(path))
    unread = sum(why.startswith("cannot be read") for _, why in rebuilt.aside)
    goes_on = "the store goes on with %d files and %d rows; %d files that cannot be read lie in damaged/"
    _LOG.error(goes_on, rebuilt.segments, rebuilt.rows, unread)
    return Mended(manifests=1, files=unread)


def _all_aside(path: Path) -> int:
    """How many segment files were put aside: all, with the manifest."""
    disk, count = Disk(), 0
    grip = take_hold(path, disk)
    try:
        for file in segment_files(path):
            disk.move(file, path / "damaged" / f"{file.parent.name}-{file.name}")
            count += 1
        for suffix in ("-wal", "-shm", ""):
            disk.move(path / f"{FILE}{suffix}", path / "damaged" / f"{FILE}{suffix}")
        disk.keep_names(path)
    finally:
        os.close(grip)
    return count
