"""A look at one actor as tasks that may be done anywhere, in any order: the same findings, byte for byte.

A detector is one task, whole, unless it says how it may be split (Splits); one that remembers earlier looks (Stays) is
done where its memory is. What ``part`` gives travels between processes. Refuses to know who does the tasks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

from bavn.actor.detect.base import Detector, DetectorContext, Found
from bavn.model.failure import place_of
from bavn.model.ports import QueryRefused, RowsDamaged

COSTLY: Final = ("beacon", "rarity", "long", "exfil", "bruteforce", "scan")
"""What takes longest is begun first (bench/scale.py), so that no worker is left alone with it at the end. An order, and
never a result."""


@runtime_checkable
class Splits(Detector, Protocol):
    """A detector whose work falls into parts that need nothing of each other; ``candidates`` is one part after the
    other. However many parts there are, what comes ``together`` is the same."""

    def parts(self, context: DetectorContext, workers: int) -> Sequence[Any]:
        """What there is to do, for so many workers: small plain values."""
        ...

    def part(self, context: DetectorContext, what: Any) -> Any:
        """One part done; plain values and arrays, bounded by the settings."""
        ...

    def together(self, context: DetectorContext, done: Sequence[Any]) -> Found:
        """The findings, from all parts in the order of ``parts``."""
        ...


@runtime_checkable
class Stays(Detector, Protocol):
    """A detector that remembers earlier looks: it is done where its memory is, whole."""

    @property
    def stays(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Task:
    """The detector, or one ``part`` of it (None: whole)."""

    detector: Detector
    part: Any = None


class DetectorFailed(Exception):
    """A detector failed somewhere else, in a way that nobody foresaw; the message says how and where in the code."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Instead of findings: the detector failed in a way that nobody foresaw. It costs this look its findings alone."""

    error: Exception


DoTasks = Callable[[DetectorContext, Sequence[Task]], Sequence[Any]]
"""What all tasks give, in their order. Raises QueryRefused as the first task would that raises it here."""
Weigh = Callable[[DetectorContext, Sequence[Detector]], Sequence[Found | Missing]]
"""The findings of each detector, in order, or that they are missing. Raises QueryRefused."""


def weigh_here(context: DetectorContext, detectors: Sequence[Detector]) -> Sequence[Found | Missing]:
    """One detector after the other."""
    return [_tried(partial(detector.candidates, context)) for detector in detectors]


def _tried[T](work: Callable[[], T]) -> T | Missing:
    """What the work gives. QueryRefused and RowsDamaged are the store's, and no fault of the detector's."""
    try:
        return work()
    except (QueryRefused, RowsDamaged):
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, the other detectors conclude
        return Missing(error)


def one_by_one(detector: Splits, context: DetectorContext) -> Found:
    """The ``candidates`` of a detector that splits."""
    return detector.together(context, [detector.part(context, what) for what in detector.parts(context, 1)])


def do(context: DetectorContext, task: Task) -> Any:
    """A task done here; Missing where it fails in a way that nobody foresaw."""
    done = _tried(lambda: _do(context, task))
    if isinstance(done, Missing):  # an exception of any kind may not travel between processes
        error = done.error
        return Missing(DetectorFailed(f"{type(error).__name__}: {error} ({place_of(error)})"))
    return done


def _do(context: DetectorContext, task: Task) -> Any:
    if task.part is not None and isinstance(task.detector, Splits):
        return task.detector.part(context, task.part)
    return task.detector.candidates(context)


def weigh_by(tasks_done: DoTasks, workers: int) -> Weigh:
    """Findings by tasks that somebody else does; those that stay are done here meanwhile, by whoever does tasks."""

    def weigh(context: DetectorContext, detectors: Sequence[Detector]) -> Sequence[Found | Missing]:
        tasks: list[Task] = []
        done: dict[int, list[Any]] = {}
        for detector in (detectors[at] for at in _order(detectors)):
            split = _tried(partial(_tasks, context, detector, workers))
            if isinstance(split, Missing):
                done[id(detector)] = [split]
            else:
                tasks += split
        for task, result in zip(tasks, tasks_done(context, tasks), strict=True):
            done.setdefault(id(task.detector), []).append(result)
        return [_tried(partial(_findings, context, detector, done[id(detector)])) for detector in detectors]

    return weigh


def _order(detectors: Sequence[Detector]) -> list[int]:
    rank = {name: at for at, name in enumerate(COSTLY)}
    return sorted(range(len(detectors)), key=lambda at: (rank.get(detectors[at].name, len(COSTLY)), at))


def _tasks(context: DetectorContext, detector: Detector, workers: int) -> list[Task]:
    if isinstance(detector, Splits) and not isinstance(detector, Stays):
        return [Task(detector, what) for what in detector.parts(context, workers)] or [Task(detector)]
    return [Task(detector)]


def _findings(context: DetectorContext, detector: Detector, done: list[Any]) -> Found | Missing:
    missing = next((part for part in done if isinstance(part, Missing)), None)
    if missing is not None:
        return missing
    if len(done) == 1 and isinstance(done[0], Found):
        return done[0]
    if not isinstance(detector, Splits):
        raise TypeError(f"{detector.name} was split and cannot be put together")
    return detector.together(context, done)
