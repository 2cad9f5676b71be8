"""kill -9 of real processes at random moments: centre, node, resolver, PostgreSQL. bench/kill9.py does a hundred."""

import tempfile
from pathlib import Path

import pytest

from tests.sector.killed_sector import KilledSector

pytestmark = [pytest.mark.slow, pytest.mark.unbound]


@pytest.fixture
def short_path():
    """A folder whose path leaves room for a resolver's socket."""
    with tempfile.TemporaryDirectory(prefix="bavn-k-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.postgresql
def test_whoever_is_killed_nothing_is_lost_doubled_or_without_an_end(durable_postgres, short_path) -> None:
    sector = KilledSector(short_path, durable_postgres)
    try:
        runs = [sector.run(seed) for seed in range(4)]
    finally:
        sector.close()
    assert [run.wrong for run in runs if run.wrong] == []
    assert len({kind for run in runs for kind in run.killed}) >= 3
    assert sum(run.acts for run in runs) > 3


def test_the_same_on_sqlite(short_path) -> None:
    sector = KilledSector(short_path, None, nodes=1)
    try:
        runs = [sector.run(seed) for seed in range(100, 102)]
    finally:
        sector.close()
    assert [run.wrong for run in runs if run.wrong] == []
