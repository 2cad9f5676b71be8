"""Memory that many threads let go is not kept by the C library for each of them."""

import platform
import subprocess
import sys

import pytest

WORK = """
import sys, threading
from bavn.app.memory import few_arenas, give_back
if sys.argv[1] == "few":
    assert few_arenas()

def work(_=None):
    held = [bytes(100_000) for _ in range(300)]
    gate.wait()
    kept.append([bytes(100_000) for _ in range(3)])

kept, gate = [], threading.Barrier(24)
threads = [threading.Thread(target=work) for _ in range(24)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
give_back()
import ctypes
libc = ctypes.CDLL(None)
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_a_process_with_many_threads_has_few_arenas() -> None:
    arenas = {}
    for how in ("few", "many"):
        done = subprocess.run([sys.executable, "-c", WORK, how], capture_output=True, text=True, check=True, timeout=60)
        arenas[how] = done.stderr.count("Arena ")
    assert arenas["few"] <= 2 < arenas["many"]
