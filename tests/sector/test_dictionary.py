"""A dictionary tried on every upload of a sector: with k-1 key holders the centre opens nothing, with k all."""

import pytest

from bavn_lab.sim.dictionary import (
    array_of,
    asked_within_quota,
    hashed,
    ids_by,
    keys_of,
    name_of,
    opened,
    play,
    whole_key,
)

pytestmark = pytest.mark.slow
NAMES = [name_of(number) for number in range(2_000)]
QUOTA = 600


def found(sector, ids, names=NAMES):
    return {names[at] for at in opened(sector.uploads, ids)}


@pytest.mark.parametrize(("k", "n"), [(2, 3), (3, 5)])
def test_the_centre_and_fewer_than_k_holders_open_no_name_of_a_dictionary_and_k_open_all(disk, k, n) -> None:
    sector = play(disk, k=k, n=n, each=30, dictionary=len(NAMES))
    try:
        points = hashed(NAMES)
        for first in (1, n - k + 2):
            some = [sector.shares[number] for number in range(first, first + k - 1)]
            for key in keys_of(some):
                assert not found(sector, ids_by(key, points))
        together = [sector.shares[number] for number in range(n - k + 1, n + 1)]
        assert found(sector, ids_by(whole_key(together), points)) == sector.names
    finally:
        sector.world.close()


def test_a_member_that_works_with_the_centre_opens_what_it_asked_for_within_its_day_and_no_more(disk) -> None:
    """Each holder counts for itself, and k of n are asked for each name: so n/k of one holder's quota."""
    sector = play(disk, k=2, n=3, each=30, dictionary=len(NAMES))
    try:
        got = asked_within_quota(sector, NAMES, QUOTA)
        assert QUOTA * 0.9 < len(got) <= QUOTA * 3 / 2
        assert found(sector, array_of(list(got.values())), list(got)) == sector.names & got.keys() != sector.names
        more = asked_within_quota(sector, [name for name in NAMES if name not in got], QUOTA)
        assert not more, "nor after a restart of the holders"
    finally:
        sector.world.close()
