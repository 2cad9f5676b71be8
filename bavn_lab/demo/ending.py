"""How a demonstration ends: everything that it started, and what that started in turn, whatever ended it.

Processes are known by a mark in their environment that they inherit, so that nobody else's are touched. Refuses to know
what they are for.
"""

import fcntl
import os
import shutil
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
FOLDER_PREFIX: Final = "bavn-demo-"
CLAIM: Final = "running"
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
        ended: set[int] = set()
        while (left := marked(folder)) and time.monotonic() < end:
            for pid in left - ended:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            ended |= left
            time.sleep(0.05)


def claim(folder: Path) -> int:
    """Says for as long as this process lives (or closes what is returned) that the folder's demonstration runs: a lock
    that no child inherits and that the kernel lets go of, however the process ends."""
    handle = os.open(folder / CLAIM, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def end_leftovers(within: Path) -> list[Path]:
    """Ends the processes and deletes the folders of this user's demonstrations that were killed and could not clean up;
    returns the folders. One that runs, or is no folder of a demonstration's, is left alone."""
    ended = []
    for folder in sorted(within.glob(f"{FOLDER_PREFIX}*")):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            handle = os.open(folder / CLAIM, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            end_marked(str(folder))
            shutil.rmtree(folder, ignore_errors=True)
            ended.append(folder)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
    return ended


def marked(folder: str) -> set[int]:
    """Every other process of this user that was started for the demonstration in this folder."""
    wanted, pids = f"{MARK}={folder}".encode(), set()
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if file.stat().st_uid == os.getuid() and wanted in file.read_bytes().split(b"\0"):
                pids.add(int(file.parent.name))
    return pids - {os.getpid()}
