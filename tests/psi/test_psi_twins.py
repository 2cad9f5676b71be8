"""The twin attack (PSI.md, pitfall 0): it must find nothing in our planes, and much where coefficients forget which
insertion they are of. The attacker is the centre: it has planes and nothing else."""

from itertools import combinations

import numpy as np
import pytest

from bavn.psi import share
from bavn.psi.round import Cell

SHARED = 300


def twins(planes: np.ndarray, table: int) -> set[tuple[int, int]]:
    """Pairs of bins in which one actor shows the same cell twice."""
    words = planes[0, table].astype(np.uint64) << np.uint64(32) | planes[1, table]
    order = np.argsort(words, kind="stable")
    same = np.flatnonzero(words[order][1:] == words[order][:-1])
    return {(int(order[i]), int(order[i + 1])) for i in same}


def attack(game) -> dict[tuple[int, int], set[tuple[int, tuple[int, int]]]]:
    """For each pair of actors: (table, twin) that both show. Each betrays an element that both hold."""
    shown = {
        x: {(table, pair) for table in range(game.params.r) for pair in twins(one.planes, table)}
        for x, one in game.shares.items()
    }
    return {pair: shown[pair[0]] & shown[pair[1]] for pair in combinations(sorted(shown), 2)}


def below_threshold(played, params):
    """Three actors, t=3; each pair shares SHARED elements that the third does not hold."""
    sets = {x: [(i, pair) for pair in (1, 2, 3) if pair != x for i in range(SHARED)] for x in (1, 2, 3)}
    return played(params(3, 2 * SHARED, 4), sets)


def test_there_are_no_twins(played, params) -> None:
    game = below_threshold(played, params)
    assert game.hits() == []
    assert all(twins(one.planes, table) == set() for one in game.shares.values() for table in range(4))
    assert all(found == set() for found in attack(game).values())


def test_no_twins_in_rounds_of_two_either(played, params) -> None:
    game = played(params(2, 500, 10), {1: range(500), 2: range(500, 1000)})
    assert all(twins(one.planes, table) == set() for one in game.shares.values() for table in range(10))


def forgetful(t: int, insertion: int) -> int:
    """The planted fault: both insertions take their coefficients from the same blocks."""
    return 1


def test_the_attack_works_where_coefficients_forget_the_insertion(played, params, monkeypatch) -> None:
    monkeypatch.setattr(share, "first_coefficient", forgetful)
    game = below_threshold(played, params)
    assert game.hits() == []
    found = attack(game)
    assert all(len(betrayals) > 0.15 * 4 * SHARED for betrayals in found.values())
    slots = game.shares[1].slots
    betrayed = [game.sets[1][slots.find(Cell(table, pair[0])).element] for table, pair in found[1, 2]]
    # An element "of pair 3" is held by 1 and 2. Two other elements at the same two bins: some 2/600 of all.
    assert sum(pair == 3 for _, pair in betrayed) > 0.97 * len(betrayed)


@pytest.mark.parametrize("t", [2, 3, 5])
def test_the_two_insertions_use_different_blocks(t) -> None:
    used = [{share.first_coefficient(t, insertion) + k for k in range(t - 1)} for insertion in (1, 2)]
    assert used[0] | used[1] == set(range(1, 2 * t - 1))
    assert not used[0] & used[1]
