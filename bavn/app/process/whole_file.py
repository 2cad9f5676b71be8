"""A file that somebody is handed: whole under its name, or not there at all. Refuses to know what is in it."""

import os
from pathlib import Path

NOT_KEPT = ("/dev/fd/", "/dev/std", "/proc/")
"""What is written there goes to a program, or to nobody: there is no name to put in its place."""


def write_whole(path: Path, content: bytes, *, mode: int = 0o666, new: bool = False) -> None:
    """``mode`` as of a file that is made; ``new``: FileExistsError where there is one. OSError where it cannot be
    written: nothing is left of it, and what stood there stands."""
    if not new and (str(path).startswith(NOT_KEPT) or (path.exists() and not path.is_file())):
        path.write_bytes(content)
        return
    target = path.resolve() if path.is_symlink() and not new else path
    if new:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))  # the name is ours from now on
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        if new:
            target.unlink(missing_ok=True)
        raise
