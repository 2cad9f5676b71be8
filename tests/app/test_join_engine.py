"""Threads, a Ray cluster and one part after the other give the same hits."""

import importlib.util
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bavn.app.centre.join_engine import _dealt, beside, ray_run, reconstruct_by, threads_run
from bavn.app.config.join import JoinTable
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.ray_cluster import NOT_STARTED
from bavn.model.settings import SettingsError
from bavn.psi.field import P
from bavn.psi.reconstruct import Part, reconstruct_tables
from bavn.psi.round import RoundParams

PARAMS = RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="A", t=3, m=14_000, r=2, forms="")
XS = (3, 7, 11, 90, 2**31 - 2)
MADE = """
import json, sys
from tests.app.test_join_engine import PARAMS, XS, table_of
from bavn.app.config.join import JoinTable
from bavn.app.centre.join_engine import ray_run
from bavn.psi.reconstruct import reconstruct_tables
run = ray_run(JoinTable(workers=2, ray="local"))
import ray
hits = reconstruct_tables(PARAMS, XS, table_of, run)
where = ray.remote(lambda: __import__("os").getpid())
workers = set()
while len(workers) < 2:
    workers |= set(ray.get([where.remote() for _ in range(8)]))
print(json.dumps({"hits": repr(hits), "cpus": ray.cluster_resources()["CPU"]}))
ray.shutdown()
"""


def table_of(number):
    """Random planes with groups of three to five on lines, in every part."""
    made = np.random.Generator(np.random.PCG64(number))
    planes = made.integers(0, P, (2, len(XS), PARAMS.bins), dtype=np.uint32)
    for at in range(0, PARAMS.bins, 997):
        holders = sorted(made.permutation(len(XS))[: 3 + at % 3].tolist())
        for coordinate in range(2):
            start, slope = (int(value) for value in made.integers(0, P, 2))
            for row in holders:
                planes[coordinate, row, at] = (start + slope * XS[row]) % P
    return planes


def test_threads_find_what_one_after_the_other_finds() -> None:
    expected = reconstruct_tables(PARAMS, XS, table_of)
    assert len(expected) == PARAMS.r * len(range(0, PARAMS.bins, 997))
    for workers in (1, 2, 5):
        assert reconstruct_tables(PARAMS, XS, table_of, threads_run(workers)) == expected
        assert reconstruct_by(JoinTable(workers=workers))(PARAMS, XS, table_of) == expected


@pytest.mark.parametrize("workers", [1, 2, 3, 50])
def test_every_part_is_dealt_once_and_in_order(workers) -> None:
    parts = [Part(0, at, at + 1) for at in range(7)]
    assert [part for some in _dealt(parts, workers) for part in some] == parts


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="local"):
        JoinTable(ray="yes")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConnectionError("refused"), Exit.CONFIGURATION, "does not answer"),
        (Exception("The current node timed out during startup."), Exit.UNREACHABLE, "less busy"),
    ],
)
def test_a_ray_that_does_not_start_is_one_clear_error(monkeypatch, error, code, words) -> None:
    def init(**_):
        raise error

    made = SimpleNamespace(init=init, remote=lambda task: task)
    monkeypatch.setitem(sys.modules, "ray", made)
    with pytest.raises(Stop, match=words) as stopped:
        ray_run(JoinTable(workers=2, ray="local"))
    assert stopped.value.code == code


def test_without_ray_the_operator_is_told_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Stop, match="bavn\\[ray\\]"):
        ray_run(JoinTable(ray="local"))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'bavn[ray]'")
def test_two_workers_of_ray_find_the_same() -> None:
    """In a process of its own: Ray leaves threads and handles behind."""
    for _ in range(3):  # a Ray that a busy machine did not start in its 30 s is started again, as its operator would
        done = subprocess.run(
            [sys.executable, "-c", MADE],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            cwd=Path(__file__).resolve().parents[2],
        )
        if NOT_STARTED not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["cpus"] == 2
    assert told["hits"] == repr(reconstruct_tables(PARAMS, XS, table_of))


def test_a_table_of_the_commons_is_worked_on_beside_the_step() -> None:
    """It says nothing until it is done, and raises where it is asked for."""
    may_end = threading.Event()
    busy = sum(range(3_000_000))
    came = beside(lambda: [str(sum(range(3_000_000)) == busy).encode()] if may_end.wait(10) else [])
    assert came() is None
    may_end.set()
    wait_until(lambda: came() is not None)
    assert came().result == [b"True"]
    assert came().cpu_ms > 0, "what it cost is told with it"

    def fails():
        raise RuntimeError("no planes")

    failed = beside(fails)
    with pytest.raises(RuntimeError, match="no planes"):
        wait_until(lambda: failed() is not None)


def wait_until(there) -> None:
    end = time.monotonic() + 10
    while not there():
        assert time.monotonic() < end
        time.sleep(0.001)
