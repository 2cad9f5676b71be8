"""All targets, round after round, each in a process of its own that may die. Says what was tried and what broke."""

import mmap
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from fuzz import kept
from fuzz.target import Target
from fuzz.work import HARD_S, SHARED_BYTES, Fault, Outcome, child

SLICE_S: Final = 10.0
SLOW_WEIGHT: Final = 5
GRACE_S: Final = 60.0
ANOTHER: Final = 1_000_000
"""Added to the number of a round for the process that takes over from one that died: it has other dice."""

DEATHS_MAX: Final = 5
_FORK: Final = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Sum:
    """Of one target over all its rounds."""

    inputs: int = 0
    seconds: float = 0.0
    lines: int = 0
    kept: int = 0
    contained: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Running:
    target: Target
    process: Any
    pipe: Connection
    shared: mmap.mmap
    ends: float
    begun: float
    left_s: float
    number: int
    sent: Outcome | str | None = None


@dataclass(slots=True)
class Runner:
    """``faults`` holds each place of a target once. ``log`` is told of each as it comes."""

    targets: Sequence[Target]
    seed: str
    seconds: float
    jobs: int = 1
    log: Any = print
    keep: bool = True
    sums: dict[str, Sum] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def run(self) -> None:
        weights = {target.name: SLOW_WEIGHT if target.slow else 1 for target in self.targets}
        round_s = sum(weights.values()) * SLICE_S
        rounds = max(1, round(self.seconds * self.jobs / round_s))
        slice_s = self.seconds * self.jobs / (rounds * sum(weights.values()))
        waiting = deque(
            (target, slice_s * weights[target.name], number) for number in range(rounds) for target in self.targets
        )
        running: list[_Running] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    running.append(self._start(*waiting.popleft()))
                wait([*(one.pipe for one in running), *(one.process.sentinel for one in running)], timeout=1.0)
                for one in list(running):
                    self._heard(one)
                    if one.sent is not None or not one.process.is_alive() or time.monotonic() > one.ends:
                        running.remove(one)
                        again = self._end(one)
                        if again:
                            waiting.appendleft(again)
        finally:
            for one in running:
                one.process.terminate()
            for one in running:
                one.process.join(30)

    def _start(self, target: Target, seconds: float, number: int) -> _Running:
        shared = mmap.mmap(-1, SHARED_BYTES)
        mine, theirs = _FORK.Pipe(duplex=False)
        skip = frozenset(fault.place for fault in self.faults if fault.target == target.name)
        process = _FORK.Process(
            target=child,
            args=(
                theirs,
                target,
                f"{self.seed}/{target.name}/{number}",
                seconds,
                kept.corpus(target.name),
                skip,
                shared,
            ),
        )
        process.start()
        theirs.close()
        ends = time.monotonic() + seconds + 2 * HARD_S + GRACE_S * (4 if target.slow else 2)
        return _Running(target, process, mine, shared, ends, time.monotonic(), seconds, number)

    def _heard(self, one: _Running) -> None:
        """Faults as they come, and the last word."""
        try:
            while one.sent is None and one.pipe.poll():
                said = one.pipe.recv()
                if isinstance(said, Fault):
                    self._fault(said)
                else:
                    one.sent = said
        except (EOFError, OSError):
            return

    def _end(self, one: _Running) -> tuple[Target, float, int] | None:
        """Takes what it sent; where it died or hung, the input of that moment is a fault, and the rest of its time is
        given to another process."""
        total = self.sums.setdefault(one.target.name, Sum())
        self._heard(one)
        sent, again = one.sent, None
        if isinstance(sent, Outcome):
            one.process.join(30)
            total.inputs += sent.inputs
            total.seconds += sent.seconds
            total.lines = max(total.lines, sent.lines)
            total.kept += len(sent.kept)
            total.contained.update(sent.contained)
            if sent.trouble:
                total.troubles.append(sent.trouble)
            kept.keep_corpus(one.target.name, sent.kept)
        elif isinstance(sent, str):
            total.troubles.append(sent)
            self.log(f"!! {one.target.name}: the target itself failed\n{sent}")
        else:
            hung = one.process.is_alive()
            if hung:
                os.kill(one.process.pid, signal.SIGKILL)
            one.process.join(30)
            data = bytes(one.shared[8 : 8 + int.from_bytes(one.shared[:8], "big")])
            how = "hung" if hung else f"died {one.process.exitcode}"
            self._fault(
                Fault(one.target.name, f"process {how}", data, "the process was ended" if hung else "the process ended")
            )
            left = one.left_s - (time.monotonic() - one.begun)
            again = (
                (one.target, left, one.number + ANOTHER) if left > 0.2 and one.number < DEATHS_MAX * ANOTHER else None
            )
        if one.process.is_alive():
            one.process.kill()
        one.pipe.close()
        one.shared.close()
        return again

    def _fault(self, fault: Fault) -> None:
        if any((fault.target, fault.place) == (other.target, other.place) for other in self.faults):
            return
        self.faults.append(fault)
        at = kept.keep_found(fault.target, fault.data) if self.keep else None
        self.log(
            f"** {fault.target}: {fault.place}\n     {fault.words}\n     {len(fault.data)} bytes {fault.data[:60]!r} {at or ''}"
        )
