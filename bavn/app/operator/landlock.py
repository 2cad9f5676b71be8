"""The kernel's own fence around a process (Landlock): what it may read, what it may write, and whom it may signal.

All of the file system may be read but what is hidden; only what is named may be written. A fence is never taken down
again, and holds for everything the process starts; a fenced process can neither trace one outside the fence nor read
its memory. Refuses to be half there: where the kernel has none, nothing is set and ``version`` says 0.

Source: the kernel's Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PR_SET_NO_NEW_PRIVS: Final = 38
_PATH_BENEATH: Final = 1
_VERSION: Final = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READS: Final = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_HANDLED: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_HANDLED_NOW: Final = (1 << 16) - 1
_SCOPES: Final = 0b11
"""Abstract unix sockets and signals."""
_SCOPES_SINCE: Final = 6
VERSION_MIN: Final = 3
"""From here on a file cannot be emptied from outside either."""


class FenceFailed(OSError):
    """The kernel has Landlock and refused the fence: the process must not go on without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """``hidden``: files and folders that are neither read nor written; ``writes``: what may be written; ``reads``: what
    below a hidden folder may be read all the same."""

    hidden: tuple[Path, ...]
    reads: tuple[Path, ...]
    writes: tuple[Path, ...]


def version() -> int:
    """Of the kernel's Landlock; 0 where there is none, or none that is enough."""
    found = ctypes.CDLL(None).syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    return int(found) if found >= VERSION_MIN else 0


def shut(fence: Fence) -> None:
    """Puts the fence around this process, for good. Raises FenceFailed."""
    has = version()
    if not has:
        raise FenceFailed(0, "this kernel has no Landlock")
    handled = _HANDLED.get(has, _HANDLED_NOW)
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = handled.to_bytes(8, "little")
    if has >= _SCOPES_SINCE:
        attributes += (0).to_bytes(8, "little") + _SCOPES.to_bytes(8, "little")
    ruleset = _checked(libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)))
    try:
        for path in around(fence.hidden):
            _allow(libc, ruleset, path, _READS)
        for path in fence.reads:
            _allow(libc, ruleset, path, _READS)
        for path in fence.writes:
            _allow(libc, ruleset, path, handled)
        _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def around(hidden: Collection[Path], at: Path = Path("/")) -> Iterable[Path]:
    """Everything below ``at`` but what is hidden, in as few paths as may be: all of a folder that holds nothing hidden,
    and of one that does, its entries one by one."""
    try:
        entries = sorted(os.scandir(at), key=lambda child: child.name)
    except PermissionError:
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink() or path in hidden:
            continue
        if any(path in folder.parents for folder in hidden):
            yield from around(hidden, path)
        else:
            yield path


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return  # what is not there, or is shut anyway, needs no leave
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        rule = rights.to_bytes(8, "little") + handle.to_bytes(4, "little")
        _checked(libc.syscall(_ADD, ruleset, _PATH_BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(handle)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise FenceFailed(number, f"the kernel refused the fence: {os.strerror(number)}")
    return result
