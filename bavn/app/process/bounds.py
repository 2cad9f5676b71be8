"""Bounds on this process that hold whatever a library does: memory by the kernel, time by an end.

For commands that run what a person wrote, beside a node that must go on: the command is refused memory, is the first
that the kernel would end, and never outlives its time. Refuses to know what is run.
"""

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bavn.app.process.exits import Exit

SLACK_MB: Final = 768
THREAD_MB: Final = 16
GRACE_S: Final = 5.0
PARENT_LOOK_S: Final = 0.5
_OOM_SCORE: Final = Path("/proc/self/oom_score_adj")
_OOM_FIRST: Final = "1000"


@contextmanager
def memory_bounded(mb: int, threads: int) -> Iterator[None]:
    """Inside, this process gets at most so much more memory than it has, and room for what is not counted there
    (SLACK_MB, and THREAD_MB a thread). What asks for more fails: MemoryError, or the library's own error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _data_bytes() + ((mb + SLACK_MB + THREAD_MB * threads) << 20)
    bound = min(limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY)
    score = _OOM_SCORE.read_text()
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    with suppress(OSError):
        _OOM_SCORE.write_text(_OOM_FIRST)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        with suppress(OSError):
            _OOM_SCORE.write_text(score)


def _data_bytes() -> int:
    """What RLIMIT_DATA counts now."""
    return int(Path("/proc/self/status").read_text().partition("VmData:")[2].split()[0]) * 1024


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """The process ends with one line and an exit code if this has not ended GRACE_S after its time: some of what an
    engine computes it cannot break off."""
    timer = threading.Timer(seconds + GRACE_S, _end, (seconds,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(seconds: float) -> None:
    sys.stderr.write(f"bavn: the query took more than {seconds:g} s\n")
    sys.stderr.flush()
    os._exit(Exit.EXCEEDED)


def ends_with(parent: int) -> None:
    """From now on this process ends within a second of ``parent``, kill -9 included, whichever thread of that began it:
    what bavn.model.tied does by the kernel hangs on one thread. Nothing is tidied up."""
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_S)
    os._exit(Exit.INTERRUPTED)
