"""Memory that many threads let go is not kept by the C library for each of them."""

import gc
import json
import platform
import subprocess
import sys
import threading
import time
import weakref

import pytest

from bavn.app.process import memory

WORK = """
import sys, threading
from bavn.app.process.memory import few_arenas, give_back
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


class Ring:
    """Something that only the collector can end, and that is large and few, as an ended TLS connection is."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.slow
def test_rings_go_again_and_again_without_anybody_who_asks(monkeypatch) -> None:
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    over = threading.Event()
    gc.disable()
    try:
        thread = memory.keep_small(0.02, over)
        assert thread.daemon, "no command waits for it"
        for _ in range(3):
            ring = weakref.ref(Ring())
            until = time.monotonic() + 10
            while ring() is not None and time.monotonic() < until:
                time.sleep(0.01)
            assert ring() is None
    finally:
        over.set()
        gc.enable()
    thread.join(5)
    assert frozen == [True]


def test_a_command_has_it(monkeypatch) -> None:
    from bavn.app.cli import main

    order = []
    monkeypatch.setattr(main, "few_arenas", lambda: order.append("arenas"))
    monkeypatch.setattr(main, "leave_out", lambda: order.append("out"))
    monkeypatch.setattr(main, "keep_small", lambda: order.append("small"))
    monkeypatch.setattr(main, "_run", lambda: order.append("run") or 0)
    with pytest.raises(SystemExit):
        main.main()
    assert order == ["arenas", "out", "small", "run"]


LEFT_OUT = """
import json, sys
from bavn.app.process.memory import NEVER_USED, leave_out
leave_out()
import duckdb, httpx, numpy, pyarrow as pa, pyarrow.parquet as pq

pq.write_table(pa.table({"a": [1, 2]}), sys.argv[1])
summed = duckdb.connect().execute("SELECT sum(a) FROM read_parquet(?)", [sys.argv[1]]).fetchone()[0]
works = [summed, pq.read_table(sys.argv[1]).num_rows, httpx.URL("https://a.example/b").host]
loaded = [name for name in (*NEVER_USED, "click", "pygments") if sys.modules.get(name)]
print(json.dumps([works, loaded, pa.default_memory_pool().backend_name]))
"""


@pytest.mark.slow
def test_what_nobody_uses_is_left_out_and_all_works_without(tmp_path) -> None:
    words = [sys.executable, "-c", LEFT_OUT, str(tmp_path / "a.parquet")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [[3, 2, "a.example"], [], "system"]
