import shutil
from pathlib import Path

import pytest


@pytest.fixture
def disk(tmp_path):
    """A folder in memory where there is one: a simulated run says nothing about the speed of disks."""
    memory = Path("/dev/shm")
    folder = memory / f"bavn-{tmp_path.parent.name}-{tmp_path.name}" if memory.is_dir() else tmp_path / "world"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
