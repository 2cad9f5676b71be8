"""Two real centres on one database: the second says so and ends, also while the first is stopped (SIGSTOP). When the
first is killed it may begin."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from bavn.app.process.exits import Exit

pytestmark = pytest.mark.slow
BAVN = Path(sys.executable).with_name("bavn")
WAIT_S = 90


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "centre.toml").write_text('[place]\nfolder = "centre"\nport = 0\n')
    subprocess.run([BAVN, "centre", "init", "-c", "centre.toml"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@contextmanager
def centre(folder):
    """One that runs, once it has said its port."""
    process = subprocess.Popen(
        [BAVN, "centre", "run", "-c", "centre.toml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert json.loads(process.stdout.readline())["port"]
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def second(folder):
    return subprocess.run(
        [BAVN, "centre", "run", "-c", "centre.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
        stdin=subprocess.DEVNULL,
    )


def test_one_runs_whatever_becomes_of_the_other(folder) -> None:
    with centre(folder) as first:
        refused = second(folder)
        assert refused.returncode == Exit.NOT_NOW, refused.stderr
        assert "a centre runs on" in refused.stderr
        os.kill(first.pid, signal.SIGSTOP)
        time.sleep(0.2)
        assert second(folder).returncode == Exit.NOT_NOW
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with centre(folder) as other:
            assert other.poll() is None
