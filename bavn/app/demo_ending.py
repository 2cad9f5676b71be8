"""How a demonstration ends: everything that it started, and what that started in turn, whatever ended it.

Processes are known by a mark in their environment that they inherit, so that nobody else's are touched. Refuses to know
what they are for.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

STOP_S_MAX: Final = 12.0
LEFT_S_MAX: Final = 5.0
MARK: Final = "BAVN_DEMO"
"""In the environment of all that a demonstration starts: names its folder."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Cleaning up is not broken off: a second Ctrl-C, a closed terminal and SIGTERM wait for nothing meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def waited(process: subprocess.Popen[bytes] | None) -> None:
    """For one that was told to end; longer than STOP_S_MAX it is not waited for."""
    if process is None:
        return
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_marked(folder: str) -> None:
    """Ends what outlives its parent: a resolver does so on purpose, and one that was just being started may."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + LEFT_S_MAX
        told: set[int] = set()
        while (left := marked(folder)) and time.monotonic() < end:
            for pid in left - told:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            told |= left
            time.sleep(0.05)


def marked(folder: str) -> set[int]:
    """Every other process that was started for the demonstration in this folder, by anybody."""
    wanted, found = f"{MARK}={folder}".encode(), set()
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in file.read_bytes().split(b"\0"):
                found.add(int(file.parent.name))
    return found - {os.getpid()}
