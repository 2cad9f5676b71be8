"""Folders of capture files that forget: the oldest go where there is more than a bound. Refuses to open a file."""

import shutil
from collections.abc import Iterable
from pathlib import Path


def captures_in(folders: Iterable[Path]) -> list[Path]:
    """All files of these folders; of a name that is in two of them, the first. A folder that is not there has none."""
    captures: dict[str, Path] = {}
    for folder in folders:
        try:
            for path in sorted(folder.iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    captures.setdefault(path.name, path)
        except OSError:
            continue
    return list(captures.values())


def bound(folder: Path, bytes_max: int, oldest_us: int = 0) -> int:
    """Deletes the oldest files until there are at most ``bytes_max`` bytes, and all from before ``oldest_us``; returns
    how many went. A folder that is not there has none."""
    dated = []
    for path in captures_in([folder]):
        try:
            stat = path.stat()
        except OSError:
            continue
        dated.append((stat.st_mtime_ns // 1000, stat.st_size, path))
    dated.sort()
    size, gone = sum(entry[1] for entry in dated), 0
    for at_us, own, path in dated:
        if size <= bytes_max and at_us >= oldest_us:
            break
        path.unlink(missing_ok=True)
        size, gone = size - own, gone + 1
    return gone


def keep_capture(capture: Path, folder: Path, bytes_max: int) -> bool:
    """Keeps a capture that was read, as a second name of the same file, or a copy where that cannot be. False where it
    is larger than all that may be kept, or gone. OSError for a disk that takes no more."""
    try:
        if capture.stat().st_size > bytes_max:
            return False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / capture.name
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(capture)
        except OSError:
            shutil.copy2(capture, target)
    except FileNotFoundError:
        return False
    bound(folder, bytes_max)
    return True
