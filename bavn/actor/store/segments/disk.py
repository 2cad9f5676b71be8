"""The few durable steps that crash safety rests on, in one place so that a test can cut the power at any of them.

Refuses to know what the files hold.
"""

import os
from pathlib import Path


class Disk:
    """The real disk. Each step has happened for good when it returns. OSError where the disk refuses."""

    @property
    def lasting(self) -> bool:
        """Whether what is kept must outlive a power cut."""
        return True

    def keep(self, file: Path) -> None:
        """What is in the file is there after a power cut, and its owner's alone."""
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
        self._sync(file)

    def keep_names(self, directory: Path) -> None:
        """What the directory lists is listed after a power cut."""
        self._sync(directory)

    def remove(self, file: Path) -> None:
        """The file is gone; no matter if it was before."""
        file.unlink(missing_ok=True)

    def move(self, file: Path, to: Path) -> None:
        """The file has its new name; no matter if it is missing."""
        if file.exists():
            file.replace(to)

    @staticmethod
    def _sync(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class PassingDisk(Disk):
    """For a store that is gone after one question: nothing waits for the disk, and a power cut leaves nothing of it."""

    @property
    def lasting(self) -> bool:
        return False

    @staticmethod
    def _sync(path: Path) -> None:
        """Nobody looks at it after a power cut."""
