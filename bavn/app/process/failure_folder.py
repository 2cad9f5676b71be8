"""Keeps what failed in a way that nobody foresaw, bounded, for a report of the fault; knows what fails at this moment.

One folder a process: a failure is a JSON file and, where it had one, the item beside it. Refuses to raise: a disk that
takes no file is a line in the log.
"""

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from bavn.model.failure import During, FailingPart, Failure, trace_of
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import iso
from bavn.model.ports import Clock

_LOG = logging.getLogger(__name__)
FOLDER: Final = "failures"
KEPT_MAX: Final = 100
KEPT_OF_A_KIND_MAX: Final = 5
BYTES_MAX: Final = 20_000_000
PARTS_MAX: Final = 1000
"""Parts that are known to fail at one time; names come from our own registries, so this many is a fault of its own."""


@dataclass(frozen=True, slots=True)
class KeptFailure:
    """A failure on the disk. ``name`` is how a person names it; ``item``: the file with the bytes, None without any."""

    name: str
    failure: Failure
    item: Path | None


class FailureFolder:
    """Implements Failures. ``folder``: where they are kept; made when the first fails. None keeps nothing."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._failing: dict[str, FailingPart] = {}
        self._of_a_kind: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def note(self, part: str, error: Exception, *, during: During = "work", item: bytes = b"") -> None:
        failure = Failure.of(part, error, self._clock.now_us(), during, item)
        with self._lock:
            known = self._failing.get(part)
            if known is None and len(self._failing) < PARTS_MAX:
                self._failing[part] = FailingPart(part=part, since_us=failure.at_us, count=1, latest=failure)
            elif known is not None:
                self._failing[part] = replace(known, count=known.count + 1, latest=failure)
            again = known is not None and known.latest.kind == failure.kind
            self._of_a_kind[failure.kind] += 1
            keep = self._of_a_kind[failure.kind] <= KEPT_OF_A_KIND_MAX
        if not again:
            _LOG.error("%s failed at %s and is contained: %s\n%s", part, during, failure.error, trace_of(error))
        if keep and self._folder is not None:
            self._keep(self._folder, failure)

    def keep(self, part: str, error: Exception) -> Failure:
        """Keeps one that ends the process at its start, and says nothing: who ends it says one line."""
        failure = Failure.of(part, error, self._clock.now_us(), "start", b"")
        if self._folder is not None:
            self._keep(self._folder, failure)
        return failure

    def works(self, part: str) -> None:
        if part not in self._failing:
            return
        with self._lock:
            known = self._failing.pop(part, None)
        if known is not None:
            _LOG.warning("%s works again; it failed %d times since %s", part, known.count, iso(known.since_us))

    def failing(self) -> Sequence[FailingPart]:
        with self._lock:
            return tuple(self._failing[part] for part in sorted(self._failing))

    def _keep(self, folder: Path, failure: Failure) -> None:
        stem = f"{failure.at_us}-{os.getpid()}-{(failure.digest or 'none')[:12]}"
        facts = asdict(failure)
        del facts["item"]
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if failure.item:
                _put(folder / f"{stem}.item", failure.item)
            _put(folder / f"{stem}.json", json.dumps(facts, ensure_ascii=True, sort_keys=True).encode())
            _bound(folder)
        except OSError as error:
            _LOG.error("what failed cannot be kept in %s: %s", folder, error.strerror)


def failures_in(folder: Path) -> FailureFolder:
    """Of the process that works on the data in ``folder``, by the machine's time."""
    from bavn.app.process.real import SystemClock

    return FailureFolder(folder / FOLDER, SystemClock())


def kept_failures(folder: Path) -> list[KeptFailure]:
    """What a folder keeps, the newest first. A file that is no failure is passed over."""
    kept = []
    for file in sorted(folder.glob("*.json"), reverse=True):
        item = file.with_suffix(".item")
        try:
            facts: dict[str, Any] = json.loads(file.read_bytes())
            failure = Failure(**facts)
        except UNREADABLE:
            continue
        kept.append(KeptFailure(file.stem, failure, item if item.exists() else None))
    return kept


def forget_failures(folder: Path, names: Sequence[str]) -> int:
    """Deletes them, items too; how many there were."""
    count = 0
    for name in names:
        file = folder / f"{name}.json"
        if file.parent == folder and file.exists():
            file.with_suffix(".item").unlink(missing_ok=True)
            file.unlink()
            count += 1
    return count


def _put(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)


def _bound(folder: Path) -> None:
    """The oldest go, until number and size are within their bounds."""
    files = sorted(folder.glob("*.json"), reverse=True)
    total = 0
    for place, file in enumerate(files):
        item = file.with_suffix(".item")
        total += file.stat().st_size + (item.stat().st_size if item.exists() else 0)
        if place >= KEPT_MAX or total > BYTES_MAX:
            item.unlink(missing_ok=True)
            file.unlink(missing_ok=True)
