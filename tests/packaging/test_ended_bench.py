"""A bench that is told to end leaves no process and no folder behind, whenever it is told."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


def running(folder):
    """Command lines of processes that were begun over this folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            words = (one / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found


def begun(folder, *words):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "bench/release.py"), "--simulated", "0", "--kills", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "role", "many"), [(signal.SIGINT, "centre", 1), (signal.SIGTERM, "node", 1), (signal.SIGKILL, "centre", 1)]
)
def test_what_it_began_ends_with_it(tmp_path, word, role, many) -> None:
    bench = begun(tmp_path, "--nodes", "1")
    try:
        until(lambda: sum(f" {role} run " in line for line in running(tmp_path)) == many, within_s=90)
        assert list(tmp_path.iterdir())
        bench.send_signal(word)
        _, said = bench.communicate(timeout=60)
        assert bench.returncode == (-word if word == signal.SIGKILL else 128 + word), said
        until(lambda: not running(tmp_path), within_s=30 if word == signal.SIGKILL else 0.1)
        if word != signal.SIGKILL:
            assert list(tmp_path.iterdir()) == []
            assert b"Traceback" not in said
    finally:
        bench.kill()
        bench.communicate()
