"""What the centre sees of fewer than t actors is random: of one actor, of t-1 that share everything or nothing, and of
the size of a set. Each test says with a planted fault that it would have noticed."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from bavn.psi import share
from bavn.psi.field import P, horner, inverse_differences

P_VALUE_MIN = 1e-4  # seeds are fixed: this is met once and for all or never


def p_uniform(values: np.ndarray, classes: int = 64) -> float:
    """Chi-square of values in [0, p) over equal classes; the last class lacks one value of 2**25: nothing."""
    return float(chisquare(np.bincount(values.ravel().astype(np.int64) * classes // P, minlength=classes)).pvalue)


def p_low_bits(values: np.ndarray) -> float:
    return float(chisquare(np.bincount(values.ravel() & np.uint32(63), minlength=64)).pvalue)


@pytest.mark.parametrize("t", [2, 3])
@pytest.mark.parametrize("held", [0, 300, 3000])
def test_both_planes_of_one_actor_are_uniform(played, params, t, held) -> None:
    planes = played(params(t, 3000, 10), {7: range(held)}).shares[7].planes
    for plane in planes:
        assert p_uniform(plane) > P_VALUE_MIN
        assert p_low_bits(plane) > P_VALUE_MIN
    joint = np.histogram2d(planes[0].ravel(), planes[1].ravel(), bins=16, range=[[0, P], [0, P]])[0]
    assert chi2_contingency(joint).pvalue > P_VALUE_MIN


def test_real_cells_alone_are_uniform_too(played, params) -> None:
    game = played(params(3, 3000, 20), {7: range(3000)})
    cells = [cell for cell, _ in game.shares[7].slots.cells()]
    for plane in game.shares[7].planes:
        real = plane[[cell.table for cell in cells], [cell.bin for cell in cells]]
        assert len(real) > 80_000
        assert p_uniform(real) > P_VALUE_MIN
        assert p_low_bits(real) > P_VALUE_MIN


def polynomials(game) -> np.ndarray:
    """All that t-1 actors' cells say: each bin's divided differences, [2, t-1, r, bins], one to one with the cells."""
    xs = sorted(game.shares)
    inverse = inverse_differences(tuple(xs)).astype(np.uint64)
    d = np.stack([game.shares[x].planes.astype(np.uint64) for x in xs], axis=1)
    for level in range(len(xs) - 1):
        steps = (d[:, level + 1 :] + (P - d[:, level : level + 1])) % P
        d[:, level + 1 :] = steps * inverse[level, level + 1 :, None, None] % P
    return d.astype(np.uint32)


def worlds(played, params, t: int):
    """t-1 actors with the same set, and with sets that have nothing in common."""
    xs = range(5, 5 + t - 1)
    same = played(params(t, 3000, 10), {x: range(3000) for x in xs}, seed="same")
    apart = played(params(t, 3000, 10), {x: [(x, i) for i in range(3000)] for x in xs}, seed="apart")
    return same, apart


def p_same_distribution(one: np.ndarray, other: np.ndarray) -> float:
    counts = [np.bincount(v.ravel().astype(np.int64) * 64 // P, minlength=64) for v in (one, other)]
    return float(chi2_contingency(counts).pvalue)


@pytest.mark.parametrize("t", [2, 3, 4])
def test_the_same_set_and_disjoint_sets_look_alike_below_the_threshold(played, params, t) -> None:
    same, apart = worlds(played, params, t)
    seen = [polynomials(same), polynomials(apart)]
    for coordinate in (0, 1):
        for degree in range(t - 1):
            one, other = seen[0][coordinate, degree], seen[1][coordinate, degree]
            assert p_uniform(one) > P_VALUE_MIN
            assert p_uniform(other) > P_VALUE_MIN
            assert p_same_distribution(one, other) > P_VALUE_MIN
    for one, other in ((seen[0][:, 0], seen[0][:, -1]), (seen[1][:, 0], seen[1][:, -1])):
        if t > 2:
            joint = np.histogram2d(one.ravel(), other.ravel(), bins=16, range=[[0, P], [0, P]])[0]
            assert chi2_contingency(joint).pvalue > P_VALUE_MIN


def test_a_polynomial_of_too_low_a_degree_would_have_been_noticed(played, params, monkeypatch) -> None:
    monkeypatch.setattr(share, "horner", lambda coefficients, x: horner(coefficients[:-1], x))
    same, apart = worlds(played, params, 3)
    one, other = polynomials(same)[0, 1], polynomials(apart)[0, 1]
    assert p_uniform(one) < 1e-100
    assert p_same_distribution(one, other) < 1e-100


# --- the size of a set ------------------------------------------------------------------------------------------

SHARED, M, R, ROUNDS = 100, 1000, 20, 6


def hits_of(played, params, held: int) -> int:
    """Hits of three actors that share SHARED elements and hold ``held`` each, over ROUNDS rounds."""
    total = 0
    for number in range(ROUNDS):
        sets = {x: [*range(SHARED), *((x, i) for i in range(held - SHARED))] for x in (1, 2, 3)}
        total += len(played(params(3, M, R, number), sets, seed=(number, held)).hits("numba"))
    return total


def test_how_often_shared_elements_are_displaced_does_not_betray_the_size_of_a_set(played, params) -> None:
    small, full = hits_of(played, params, SHARED), hits_of(played, params, M)
    assert small > 0.5 * ROUNDS * R * SHARED
    assert abs(small - full) < 4 * (small + full) ** 0.5


def test_without_fakes_it_would(played, params, monkeypatch) -> None:
    """The planted fault: fakes that are all alike fill one bin instead of many."""

    class Unpadded(share._Blocks):
        def __init__(self, params, kr, real, stream) -> None:
            super().__init__(params, kr, real, bytes)

    monkeypatch.setattr(share, "_Blocks", Unpadded)
    small, full = hits_of(played, params, SHARED), hits_of(played, params, M)
    assert small - full > 20 * (small + full) ** 0.5
