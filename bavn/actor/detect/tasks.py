"""A look at one actor as tasks that may be done anywhere, in any order: the same findings, byte for byte.

A detector is one task, whole, unless it says how it may be split (Splits); one that remembers earlier looks (Stays) is
done where its memory is. What ``part`` gives travels between processes. Refuses to know who does the tasks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from bavn.actor.detect.base import Detector, Found, Look

COSTLY: Final = ("beacon", "rarity", "long", "exfil", "bruteforce", "scan")
"""What takes longest is begun first (bench/scale.py), so that no worker is left alone with it at the end. An order, and
never a result."""


@runtime_checkable
class Splits(Detector, Protocol):
    """A detector whose work falls into parts that need nothing of each other; ``candidates`` is one part after the
    other. However many parts there are, what comes ``together`` is the same."""

    def parts(self, look: Look, workers: int) -> Sequence[Any]:
        """What there is to do, for so many workers: small plain values."""
        ...

    def part(self, look: Look, what: Any) -> Any:
        """One part done; plain values and arrays, bounded by the settings."""
        ...

    def together(self, look: Look, done: Sequence[Any]) -> Found:
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


DoTasks = Callable[[Look, Sequence[Task]], Sequence[Any]]
"""What all tasks give, in their order. Raises QueryRefused as the first task would that raises it here."""
Weigh = Callable[[Look, Sequence[Detector]], Sequence[Found]]
"""The findings of each detector, in order."""


def weigh_here(look: Look, detectors: Sequence[Detector]) -> Sequence[Found]:
    """One detector after the other."""
    return [detector.candidates(look) for detector in detectors]


def one_by_one(detector: Splits, look: Look) -> Found:
    """The ``candidates`` of a detector that splits."""
    return detector.together(look, [detector.part(look, what) for what in detector.parts(look, 1)])


def do(look: Look, task: Task) -> Any:
    """A task done here."""
    if task.part is not None and isinstance(task.detector, Splits):
        return task.detector.part(look, task.part)
    return task.detector.candidates(look)


def weigh_by(tasks_done: DoTasks, workers: int) -> Weigh:
    """Findings by tasks that somebody else does; those that stay are done here meanwhile, by whoever does tasks."""

    def weigh(look: Look, detectors: Sequence[Detector]) -> Sequence[Found]:
        tasks = [task for at in _order(detectors) for task in _tasks(look, detectors[at], workers)]
        done: dict[int, list[Any]] = {}
        for task, result in zip(tasks, tasks_done(look, tasks), strict=True):
            done.setdefault(id(task.detector), []).append(result)
        return [_found(look, detector, done[id(detector)]) for detector in detectors]

    return weigh


def _order(detectors: Sequence[Detector]) -> list[int]:
    rank = {name: at for at, name in enumerate(COSTLY)}
    return sorted(range(len(detectors)), key=lambda at: (rank.get(detectors[at].name, len(COSTLY)), at))


def _tasks(look: Look, detector: Detector, workers: int) -> list[Task]:
    if isinstance(detector, Splits) and not isinstance(detector, Stays):
        return [Task(detector, what) for what in detector.parts(look, workers)] or [Task(detector)]
    return [Task(detector)]


def _found(look: Look, detector: Detector, done: list[Any]) -> Found:
    if len(done) == 1 and isinstance(done[0], Found):
        return done[0]
    if not isinstance(detector, Splits):
        raise TypeError(f"{detector.name} was split and cannot be put together")
    return detector.together(look, done)
