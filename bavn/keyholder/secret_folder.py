"""A folder of secrets, one file an epoch: whole and on the disk before it is used, overwritten before it is deleted.

Mode 0600, never in a database and never in a log. Refuses to know what a secret is of, and when it is over.
"""

import os
from pathlib import Path


class SecretFolder:
    """``folder`` is made where it is missing; ``suffix``: of its files, such as ``.secret``. Not for several threads at
    once."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder, self._suffix = folder, suffix
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def epochs(self) -> list[int]:
        """Those that have a secret now."""
        return sorted(int(file.stem) for file in self._folder.glob(f"*{self._suffix}"))

    def read(self, epoch: int) -> bytes | None:
        """The secret; None where there is none."""
        file = self._file(epoch)
        return file.read_bytes() if file.exists() else None

    def write(self, epoch: int, secret: bytes) -> None:
        """In one step: ids of half a secret would be another day's. What was there before is overwritten."""
        file = self._file(epoch)
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(secret)
            opened.flush()
            os.fsync(opened.fileno())
        with file.open("r+b") if file.exists() else new.open("rb") as before:
            new.replace(file)
            self._sync()
            if before.writable():
                _overwrite(before.fileno())

    def destroy(self, epoch: int) -> None:
        """Overwrites and deletes it."""
        file = self._file(epoch)
        with file.open("r+b") as old:
            _overwrite(old.fileno())
        file.unlink()
        self._sync()

    def _file(self, epoch: int) -> Path:
        return self._folder / f"{epoch}{self._suffix}"

    def _sync(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _overwrite(handle: int) -> None:
    os.pwrite(handle, bytes(os.fstat(handle).st_size), 0)
    os.fsync(handle)
