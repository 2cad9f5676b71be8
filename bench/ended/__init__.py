"""A bench that is told to end (SIGTERM, SIGINT, SIGHUP) ends in order: what it began is ended, its folder is gone.

``in_order`` turns the first such word into an exception, so that every ``finally`` is run; more of them are not heard
while that goes on. What was begun with ``tied`` goes even where the bench is killed. Knows no bench.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from types import FrameType

from bavn.model.tied import tied as tied_command

WORDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def in_order() -> None:
    """From now on the first of WORDS raises SystemExit (128 and its number). Called by the main thread."""
    for number in WORDS:
        signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    for word in WORDS:
        signal.signal(word, signal.SIG_IGN)
    sys.exit(128 + number)


def tied(*command: str) -> list[str]:
    """The command of a process that gets SIGTERM when the thread that began it is gone, also by kill -9."""
    return tied_command(command)


def end_all(processes: Iterable[subprocess.Popen[bytes]], within_s: float = 20.0) -> None:
    """SIGTERM to all, SIGKILL to those that are there after so long together. None is left."""
    told: Sequence[subprocess.Popen[bytes]] = list(processes)
    for process in told:
        process.terminate()
    until = time.monotonic() + within_s
    for process in told:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
