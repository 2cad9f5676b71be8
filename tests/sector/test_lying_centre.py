"""Each lie of a centre is caught by the check that is there for it, within its time: in one sector here, in a hundred
with the mark `world` and in bench/lying_centre.py."""

import pytest

from tests.centre.conftest import SqliteDatabases
from tests.sector.lying_centre import LIES, played

RUNS, RUNS_OF_WORLD = 1, 100


def is_caught(lie, runs):
    databases = SqliteDatabases()
    results = [played(lie, seed, databases.new()) for seed in range(runs)]
    assert sum(as_told for _, as_told in results) >= lie.probability * runs, [
        found for found, told in results if not told
    ]


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.play.__name__)
def test_a_lie_is_caught_by_the_check_that_is_there_for_it(lie) -> None:
    is_caught(lie, RUNS)


@pytest.mark.world
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.play.__name__)
def test_a_lie_is_caught_a_hundred_times(lie) -> None:
    is_caught(lie, RUNS_OF_WORLD)
