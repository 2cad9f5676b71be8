"""Leases: a reader's files are not deleted under it, and neither side ever waits for the other.

Two lock files take turns as the current era. A reader holds the current era's lock (shared) while it uses a list of
files. Files that go out of use are remembered with the era; they are deleted once the other era's lock is free, for
then nobody's list can hold them. Locks are the kernel's, so a killed reader holds nothing. Refuses to know the files.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ERAS = (0, 1)


def lease_file(root: Path, era: int) -> Path:
    """The lock file of an era."""
    return root / f"lease.{era}"


class Lease:
    """A shared lock on an era, until released."""

    def __init__(self, root: Path, era: int) -> None:
        self.era = era
        self._descriptor: int | None = os.open(lease_file(root, era), os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Harmless when repeated."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def if_free(root: Path, era: int) -> Iterator[bool]:
    """True inside if nobody holds the era, and nobody can meanwhile."""
    descriptor = os.open(lease_file(root, era), os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
