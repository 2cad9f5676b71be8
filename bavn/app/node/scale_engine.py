"""A node's detectors and hunts on workers of a Ray cluster: suspicions and matches are the same, byte for byte.

A worker gets the list of the window's files, own networks, indicators and the detectors' settings, and reads the files;
no key, no policy, no book, no ledger. What a worker cannot do, the node does: no answer depends on the cluster.
"""

import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa

from bavn import __version__
from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.tasks import DoTasks, Stays, Task, Weigh, do, weigh_by
from bavn.actor.detect.terms import Terms
from bavn.actor.store.query.hunt import Hunted, Wanted, hunt, hunted, met_in
from bavn.actor.store.query.window import StoreWindow
from bavn.actor.store.query.window_files import WindowFiles
from bavn.app.config.scale import ScaleTable
from bavn.app.process.ray_cluster import LOST, Farm, fetched, started
from bavn.model.observable import Observable
from bavn.model.ports import Window

_LOG = logging.getLogger(__name__)
SHARED_MIN: Final = 1000
"""A hunt for fewer is done before workers have been asked; so no dry run of a block waits for a cluster."""
PART_ROWS_MIN: Final = 20_000_000
"""In a part with fewer rows what each worker must prepare takes longer than looking (bench/scale.py)."""
Hunts = Callable[[Window, Sequence[Observable]], list[Hunted]]


class OtherVersion(Exception):
    """A worker has another version of Bavn, so what it would find may differ. The cluster's operator must act."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Who does the detectors' work and the large hunts; ``close`` lets go of the cluster."""

    weigh: Weigh
    hunt: Hunts
    close: Callable[[], object]


def scaled(table: ScaleTable) -> Scaled | None:
    """Workers as configured; None for none. Stop where Ray is wanted and is not installed or not there."""
    if not table.ray:
        return None
    ray = started(table.ray, table.count, "scale")
    farm = Farm(ray, table.count, table.patience_s)
    return Scaled(
        weigh_by(ray_tasks(farm, table.store_folder), table.count), ray_hunt(farm, table.store_folder), ray.shutdown
    )


@dataclass(frozen=True, slots=True)
class Given:
    """What all tasks of one look need. ``root``: the store's folder as workers see it."""

    version: str
    root: str
    sight: WindowFiles
    indicators: IndicatorSet
    settings: DetectSettings


def ray_tasks(farm: Farm, store_folder: str = "") -> DoTasks:
    """Tasks on a farm; those that stay, and those of a window that is no store's, here."""

    def done(context: DetectorContext, tasks: Sequence[Task]) -> Sequence[Any]:
        window = context.window
        if not isinstance(window, StoreWindow) or context.terms.past is not window:
            return [do(context, task) for task in tasks]
        away = [at for at, task in enumerate(tasks) if not isinstance(task.detector, Stays)]
        root = store_folder or str(window.root.resolve())
        shared = farm.shared(Given(__version__, root, _alone(window.sight), context.indicators, context.settings))
        token = uuid4().hex
        asked = farm.handed_out(_detect, [(token, shared, tasks[at]) for at in away])
        found = {at: do(context, task) for at, task in enumerate(tasks) if at not in set(away)}
        found |= dict(zip(away, asked.results(lambda: window.interrupted), strict=True))
        return [do(context, task) if found[at] is LOST else found[at] for at, task in enumerate(tasks)]

    return done


def ray_hunt(farm: Farm, store_folder: str = "", part_rows_min: int = PART_ROWS_MIN) -> Hunts:
    """A hunt for many observables, in parts of the history with ``part_rows_min`` rows or more."""

    def asked(window: Window, observables: Sequence[Observable]) -> list[Hunted]:
        if not isinstance(window, StoreWindow) or len(observables) < SHARED_MIN:
            return hunt(window, observables)
        sight = window.sight
        count = min(farm.workers, sight.rows // part_rows_min)
        if count < 2:
            return hunt(window, observables)
        wanted, parts = Wanted.of(observables), sight.parts(count)
        root = store_folder or str(window.root.resolve())
        shared = farm.shared(wanted)
        calls = [(__version__, shared, root, _alone(part)) for part in parts]
        met: list[pa.Table] = []
        for part, part_met in zip(parts, farm.handed_out(_met, calls).results(lambda: window.interrupted), strict=True):
            if part_met is LOST:
                with StoreWindow.seen(part, window.root, window.root / "spill") as here:
                    part_met = met_in(here, wanted)  # noqa: PLW2901  done here after all
            met += part_met
        return hunted(window, wanted, met)

    return asked


def _alone(sight: WindowFiles) -> WindowFiles:
    """A worker is one core: it takes one thread."""
    return replace(sight, limits=replace(sight.limits, threads=1))


_HELD: dict[str, tuple[DetectorContext, StoreWindow]] = {}
"""In a worker: the look that it is at. Its tasks share what was asked of the store once; the next look's end it."""


def _detect(token: str, shared: list[Any], task: Task) -> Any:
    """In a worker: one task of a look."""
    if token not in _HELD:
        given: Given = fetched(shared)
        _same(given.version)
        for _, old in _HELD.values():
            old.close()
        _HELD.clear()
        window = StoreWindow.seen(given.sight, Path(given.root), _spill())
        context = DetectorContext(
            window=window, terms=Terms(window, lists.shipped), indicators=given.indicators, settings=given.settings
        )
        _HELD[token] = context, window
    return do(_HELD[token][0], task)


def _met(version: str, shared: list[Any], root: str, part: WindowFiles) -> list[pa.Table]:
    """In a worker: what was met in one part of the history."""
    _same(version)
    with StoreWindow.seen(part, Path(root), _spill()) as window:
        return met_in(window, fetched(shared))


def _same(version: str) -> None:
    if version != __version__:
        raise OtherVersion(f"the worker has Bavn {__version__} and the node {version}: install the same")


def _spill() -> Path:
    """This worker's own folder for what does not fit into memory, this user's alone; what killed workers left is
    swept, and nobody's who lives."""
    folder = Path(tempfile.gettempdir()) / f"bavn-worker-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    stands = folder.lstat()
    if not stat.S_ISDIR(stands.st_mode) or stands.st_uid != os.getuid() or stands.st_mode & 0o077:
        raise PermissionError(f"{folder} is not this user's alone")
    for left in folder.iterdir():
        if left.name.isdecimal() and not Path(f"/proc/{left.name}").exists():
            shutil.rmtree(left, ignore_errors=True)
    mine = folder / str(os.getpid())
    mine.mkdir(exist_ok=True)
    return mine
