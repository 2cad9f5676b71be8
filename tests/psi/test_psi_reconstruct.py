"""Reconstruction against the definition, written out: t points on one polynomial, tried in all combinations."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.psi import kernels, screen
from bavn.psi.field import P, inverse_differences
from bavn.psi.reconstruct import PART_BINS, hits_in, parts, reconstruct
from bavn.psi.round import Cell, Hit, RoundParams


def value_at(points: list[tuple[int, int]], x: int) -> int:
    """Lagrange: the polynomial through ``points`` (x, y) at ``x``, over the integers mod p."""
    total = 0
    for i, (xi, yi) in enumerate(points):
        above, below = yi, 1
        for j, (xj, _) in enumerate(points):
            if j != i:
                above, below = above * (x - xj), below * (xi - xj)
        total += above * pow(below, -1, P)
    return total % P


def plain_groups(column: dict[int, tuple[int, int]], t: int) -> list[tuple[int, ...]]:
    """All largest sets of t or more xs whose points lie on one polynomial of degree t-2, in both coordinates."""
    groups = set()
    for base in combinations(sorted(column), t - 1):
        on_it = tuple(
            x
            for x in sorted(column)
            if all(value_at([(b, column[b][c]) for b in base], x) == column[x][c] for c in (0, 1))
        )
        if len(on_it) >= t:
            groups.add(on_it)
    return sorted(groups)


def plain_reconstruct(params: RoundParams, planes_by_x: dict[int, np.ndarray]) -> list[Hit]:
    hits = []
    for table in range(params.r):
        for bin_ in range(params.bins):
            column = {x: tuple(int(planes[c, table, bin_]) for c in (0, 1)) for x, planes in planes_by_x.items()}
            hits += [Hit(Cell(table, bin_), holders) for holders in plain_groups(column, params.t)]
    return hits


def planted_planes(params: RoundParams, xs: list[int], groups: int, seed: int) -> dict[int, np.ndarray]:
    """Random planes with groups of t-1 or more actors on polynomials of their own in random bins, several in a bin."""
    rng = np.random.default_rng(seed)
    planes = {x: rng.integers(0, P, (2, params.r, params.bins), dtype=np.uint32) for x in xs}
    for _ in range(groups):
        table, bin_ = rng.integers(params.r), rng.integers(max(1, params.bins // 4))
        holders = rng.permutation(xs)[: rng.integers(params.t - 1, len(xs) + 1)]
        for coordinate in (0, 1):
            coefficients = rng.integers(0, P, params.t - 1).tolist()
            for x in holders.tolist():
                planes[x][coordinate, table, bin_] = sum(c * x**k for k, c in enumerate(coefficients)) % P
    return planes


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(("t", "actors"), [(2, 2), (2, 6), (3, 3), (3, 7), (4, 6), (5, 7)])
def test_finds_what_all_combinations_find(params, engine, t, actors) -> None:
    p = params(t, 5, 2)
    xs = [3, 1, P - 1, 77, 123_456_789, 4, 2][:actors]
    planes = planted_planes(p, xs, 25, seed=t * 100 + actors)
    expected = plain_reconstruct(p, planes)
    assert expected
    assert reconstruct(p, planes, engine) == expected


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_several_elements_in_one_bin_are_all_found(params, engine) -> None:
    p = params(2, 1, 2)
    planes = {x: np.full((2, 2, 2), 5 + x % 3, dtype=np.uint32) for x in range(1, 8)}
    expected = [Hit(Cell(table, bin_), xs) for table in (0, 1) for bin_ in (0, 1) for xs in ((1, 4, 7), (2, 5), (3, 6))]
    assert reconstruct(p, planes, engine) == expected


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_one_coordinate_alone_is_no_hit(params, engine) -> None:
    p = params(3, 40, 2)
    rng = np.random.default_rng(5)
    planes = {x: rng.integers(0, P, (2, 2, 120), dtype=np.uint32) for x in range(1, 6)}
    for x, own in planes.items():
        own[0] = 7 * x + 1  # all on one line in plane a; plane b is random
    assert reconstruct(p, planes, engine) == []


@given(
    t=st.integers(2, 6),
    more=st.integers(0, 7),
    m=st.integers(1, 60),
    groups=st.integers(0, 80),
    seed=st.integers(0, 2**32),
    xs_seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_the_kernels_equal_the_reference(t, more, m, groups, seed, xs_seed) -> None:
    p = RoundParams(version=1, epoch=0, round_id=bytes(16), registry_version=1, tier="A", t=t, m=m, r=2)
    actors = t + more if t < 5 else min(t + more, 8)
    xs = _some_xs(actors, xs_seed)
    planes = planted_planes(p, xs, groups, seed)
    assert reconstruct(p, planes, "numba") == reconstruct(p, planes, "numpy")


@given(t=st.integers(2, 3), actors=st.integers(25, 60), groups=st.integers(0, 60), seed=st.integers(0, 2**32))
@settings(max_examples=6, deadline=None)
def test_the_kernels_equal_the_reference_where_many_share_much(t, actors, groups, seed) -> None:
    """Past two dozen actors equal values are found through a table; several groups meet in most bins."""
    p = RoundParams(version=1, epoch=0, round_id=bytes(16), registry_version=1, tier="A", t=t, m=4, r=2)
    planes = planted_planes(p, list(range(1, actors + 1)), groups, seed)
    assert reconstruct(p, planes, "numba") == reconstruct(p, planes, "numpy")


def _some_xs(count: int, seed: int) -> list[int]:
    xs: set[int] = {1, P - 1}
    rng = np.random.default_rng(seed)
    while len(xs) < count:
        xs.add(int(rng.integers(1, P)))
    return sorted(xs)[:count]


@given(n=st.integers(2, 21), bins=st.integers(1, 200), seed=st.integers(0, 2**32), small=st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_screen_alone_equals_the_reference(n, bins, seed, small) -> None:
    """Few different values make many equal pairs at every place of the kernel's tiles."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, n * n if small else P, (n, bins), dtype=np.uint32)
    inverse = inverse_differences(tuple(range(1, n + 1)))
    for t in (2, 3, 4):
        if t <= n:
            assert np.array_equal(kernels.screen(a, inverse, t), screen.screen(a, inverse, t))


def test_fewer_than_t_find_nothing_and_planes_must_fit(params) -> None:
    planes = np.zeros((2, 2, 9), dtype=np.uint32)
    assert reconstruct(params(3, 3, 2), {1: planes, 2: planes}) == []
    assert reconstruct(params(3, 3, 2), {}) == []
    p = params(2, 3, 2)
    good = np.zeros((2, 2, 6), dtype=np.uint32)
    for bad in ({0: good, 1: good}, {P: good, 1: good}, {1: good, 2: good[:, :, :5]}):
        with pytest.raises(ValueError, match=r"planes have the shape|each x lies"):
            reconstruct(p, bad)


def test_parts_cover_every_bin_once_also_of_a_memory_map(params, tmp_path, played) -> None:
    p = params(2, 12_000, 2)
    assert p.bins > PART_BINS
    covered = [(part.table, bin_) for part in parts(p) for bin_ in range(part.first, part.last)]
    assert covered == [(table, bin_) for table in range(2) for bin_ in range(p.bins)]
    rng = np.random.default_rng(1)
    planes = {x: rng.integers(0, P, (2, 2, p.bins), dtype=np.uint32) for x in (1, 2, 3)}
    places = [Cell(table, bin_) for table in (0, 1) for bin_ in (0, PART_BINS - 1, PART_BINS, p.bins - 1)]
    for place in places:
        planes[3][:, place.table, place.bin] = planes[1][:, place.table, place.bin]
    expected = [Hit(place, (1, 3)) for place in places]
    for engine in ("numpy", "numba"):
        assert reconstruct(p, planes, engine) == expected
        assert sorted(hit for part in reversed(parts(p)) for hit in hits_in(p, planes, part, engine)) == expected
    p = params(3, 50, 4)
    game = played(p, {x: ["shared", "too", (x, "own")] for x in (1, 2, 3)})
    for x, share in game.shares.items():
        (tmp_path / str(x)).write_bytes(share.to_bytes())
    mapped = {x: np.memmap(tmp_path / str(x), dtype="<u4", mode="r", shape=(2, p.r, p.bins)) for x in game.shares}
    assert reconstruct(p, mapped) == game.hits()
    assert set(game.found(game.hits())) == {"shared", "too"}


def test_many_shared_elements_go_to_the_kernels_and_few_do_not(params, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(kernels, "groups", lambda *args: asked.append("kernels") or screen.groups(*args))
    p = params(2, 1500, 2)
    same = np.zeros((2, 2, p.bins), dtype=np.uint32)
    assert len(reconstruct(p, {1: same, 2: same})) == 2 * p.bins
    assert asked
    asked.clear()
    one = planted_planes(p, [1, 2], 10, seed=3)
    assert reconstruct(p, one)
    assert not asked
