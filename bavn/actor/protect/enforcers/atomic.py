"""Writes a file whole or not at all: whoever reads it sees the old text or the new one, also after kill -9.

Refuses to know what is written.
"""

import contextlib
import os
from pathlib import Path

from bavn.model.ports import EnforcerDown
from bavn.model.text import Text


def write_whole(path: Path, data: bytes) -> None:
    """Replaces ``path`` in one step, on the disk for good when it returns; makes its folder. Raises EnforcerDown."""
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise EnforcerDown(Text("{path} cannot be written: {strerror}", path=path, strerror=error.strerror)) from error


def read_if_there(path: Path) -> bytes | None:
    """The file's bytes, or None where there is none. Raises EnforcerDown."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnforcerDown(Text("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)) from error
