"""kill -9 of the centre's process and of PostgreSQL itself, at random points: what was acknowledged is there, once, and
the audit log's chain holds."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.case.cases import Cases
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine
from bavn.model.sector.case import CaseState
from bavn.rehearsal.clock import SimClock

SCRIPT = Path(__file__).with_name("kill_centre.py")
ROUNDS = 8


def started(url, number):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), url, str(number)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def acknowledged(process):
    """What it said before it ended; a line that was cut off says nothing."""
    return [line.strip() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]


def all_is_there(url, told):
    engine = open_engine(url)
    try:
        assert audit.verify(engine) is None
        lines = list(audit.every(engine))
        done = Counter((line.subject, line.act) for line in lines)
        assert set(done.values()) <= {1}, "something was done twice"
        cases = {case.id: case for case in Cases(engine, SimClock(1)).every()}
        assert all(cases[case_id].state is CaseState.CONFIRMED for case_id in told)
        assert {subject for subject, act in done if act == "open"} == set(cases)
        confirmed = {case_id for case_id, case in cases.items() if case.state is CaseState.CONFIRMED}
        assert {subject for subject, act in done if act == "confirm"} == confirmed
    finally:
        engine.dispose()


def wait_for_first(process):
    first = process.stdout.readline().strip()
    assert first, "it did not come to work"
    return first


@pytest.mark.slow
def test_the_centre_is_killed(databases, tmp_path) -> None:
    url, told, chance = databases.url(tmp_path), [], random.Random(7)
    engine = open_engine(url)
    schema.upgrade(engine)
    engine.dispose()
    for at in range(ROUNDS):
        process = started(url, at * 1_000_000)
        told.append(wait_for_first(process))
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        told += acknowledged(process)
        process.wait()
        process.stdout.close()
        all_is_there(url, told)
    assert len(told) > ROUNDS


@pytest.mark.slow
@pytest.mark.postgresql
def test_postgresql_is_killed(durable_postgres) -> None:
    cluster, told, chance = durable_postgres, [], random.Random(8)
    url = cluster.url(cluster.make())
    engine = open_engine(url)
    schema.upgrade(engine)
    engine.dispose()
    for at in range(ROUNDS):
        process = started(url, at * 1_000_000)
        told.append(wait_for_first(process))
        time.sleep(chance.uniform(0, 0.3))
        cluster.kill()
        told += acknowledged(process)
        process.kill()
        process.wait()
        process.stdout.close()
        cluster.start()
        all_is_there(url, told)
    assert len(told) > ROUNDS
