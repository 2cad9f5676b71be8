"""The folder from which the centre's log is handed out: whole files, on the disk before a checkpoint names them.

Files are for everybody to read: any web server may serve the folder as it is. Refuses to know what is in them.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bavn.app.process.whole_file import write_whole
from bavn.tlog.tiles import CHECKPOINT, WITNESSED


@dataclass(frozen=True, slots=True)
class DiskLogFolder:
    """Implements bavn.centre.store.log_keeper.LogFolder."""

    folder: Path

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        touched: set[Path] = set()
        for path, text in files:
            target = self.folder / path
            if target.is_file() and target.read_bytes() == text:
                continue
            touched |= _folders_for(target.parent)
            write_whole(target, text, mode=0o644)
            touched.add(target.parent)
        for folder in touched:
            _settle(folder)

    def remove(self, folders: Iterable[str]) -> None:
        for folder in folders:
            shutil.rmtree(self.folder / folder, ignore_errors=True)

    def put_aside(self, name: str) -> None:
        ended = self.folder / "ended" / name
        ended.mkdir(mode=0o755, parents=True, exist_ok=True)
        for kept in ("tile", CHECKPOINT, WITNESSED):
            if (self.folder / kept).exists() and not (ended / kept).exists():
                (self.folder / kept).rename(ended / kept)
        _settle(ended)
        _settle(self.folder)


def _folders_for(folder: Path) -> set[Path]:
    """Makes a folder and those above it; the folders whose lists that changed."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return {each.parent for each in missing}


def _settle(folder: Path) -> None:
    """The folder's list of files is on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
