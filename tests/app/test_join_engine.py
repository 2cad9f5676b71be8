"""Threads and one part after the other give the same hits."""

import threading
import time

import numpy as np
import pytest

from bavn.app.centre.join_engine import beside, reconstruct_here, threads_run
from bavn.psi.field import P
from bavn.psi.reconstruct import reconstruct_tables
from bavn.psi.round import RoundParams

PARAMS = RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="A", t=3, m=14_000, r=2, forms="")
XS = (3, 7, 11, 90, 2**31 - 2)


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
    assert reconstruct_here()(PARAMS, XS, table_of) == expected


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
