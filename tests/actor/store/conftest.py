"""Rows to keep, a clock to set and a disk to cut the power of."""

from pathlib import Path

import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.segments.disk import Disk
from bavn.model.moment import HOUR_US

HOUR0 = 494_000  # some hour in 2026


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, now_us: int) -> None:
        self.us = now_us

    def now_us(self) -> int:
        return self.us


@pytest.fixture(scope="session")
def hour0() -> int:
    return HOUR0


@pytest.fixture
def clock() -> SetClock:
    return SetClock((HOUR0 + 1) * HOUR_US)


@pytest.fixture
def store(tmp_path: Path):
    limits = StoreLimits(pack_bytes_max=1)
    with ColumnStore.open(tmp_path / "store", limits, homes=("10.0.0.0/8", "fd00::/8")) as opened:
        yield opened


class Crash(BaseException):
    """The machine stops here."""


class FailingDisk(Disk):
    """Stops the machine before its n-th step from now; then nothing that was not kept is there."""

    def __init__(self) -> None:
        self.steps_left: int | None = None
        self.kept: set[Path] = set()
        self.named: set[Path] = set()

    def _step(self) -> None:
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise Crash

    def keep(self, file: Path) -> None:
        self._step()
        super().keep(file)
        self.kept.add(file)

    def keep_names(self, directory: Path) -> None:
        self._step()
        super().keep_names(directory)
        self.named |= {file for file in self.kept if file.parent == directory}

    def remove(self, file: Path) -> None:
        self._step()
        super().remove(file)

    def move(self, file: Path, to: Path) -> None:
        self._step()
        super().move(file, to)

    def cut_power(self, root: Path) -> None:
        """Half of what was written and not kept is gone, the other half is cut short."""
        self.steps_left = None
        for at, file in enumerate(sorted((root / "segments").glob("*/*.parquet"))):
            if file not in self.named:
                if at % 2:
                    file.unlink()
                else:
                    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.fixture
def failing_disk() -> FailingDisk:
    return FailingDisk()


@pytest.fixture
def crash() -> type[Crash]:
    return Crash


def abandon(store: ColumnStore) -> None:
    """What the kernel does when a process is killed: descriptors close, nothing is committed."""
    store._manifest.close()
    store._merger.close()
    if store._grip >= 0:
        import os

        os.close(store._grip)
        store._grip = -1


@pytest.fixture
def abandoned():
    return abandon
