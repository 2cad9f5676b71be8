"""The commons round: what the private join says of each cell is what plain counting says, and nothing below t shows."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.model.sector.known_days import EDGES, bucket_of
from bavn.psi import commons
from bavn.psi.commons import answer_bytes, answers, planes_by_table, read_answer
from bavn.psi.commons_terms import CANARY_CLASS, KNOWN_CLASS, SIZES, commons_params
from bavn.psi.keys import CANARY, element_id
from bavn.psi.round import RoundParams
from bavn.psi.share import Share, generate


class Played:
    """A commons round of made-up actors: sets by x as names, groups by x, which names go ahead at all who hold them."""

    def __init__(
        self,
        params: RoundParams,
        sets: Mapping[int, Iterable[object]],
        groups: Mapping[int, str] | None = None,
        ahead: Iterable[object] = (),
        seed: object = 0,
        engine: commons.Engine = "auto",
    ) -> None:
        self.params, self.sets = params, {x: list(names) for x, names in sorted(sets.items())}
        self.group_of = {x: f"group {x}" for x in self.sets} | dict(groups or {})
        known = {_id(name): KNOWN_CLASS for name in ahead}
        self.shares: dict[int, Share] = {}
        for x, names in self.sets.items():
            ids = [(_id(name), 1.0) for name in names]
            mine = {one: known[one] for one, _ in ids if one in known}
            self.shares[x] = generate(params, _KR, ids, x, _Dice((seed, x)), mine)
        table_of = planes_by_table({x: share.planes for x, share in self.shares.items()})
        self.answers = answers(params, tuple(self.shares), self.group_of, table_of, engine)

    def told(self, x: int) -> dict[object, int]:
        """What the actor reads: name -> bucket."""
        read = read_answer(self.params, self.answers[x], self.shares[x].slots, len(self.sets[x]))
        assert not isinstance(read, Refused)
        return dict(zip(self.sets[x], read.tolist(), strict=True))

    def counted(self) -> dict[object, int]:
        """Name -> how many groups hold it, by plain counting."""
        holders: dict[object, set[str]] = {}
        for x, names in self.sets.items():
            for name in names:
                holders.setdefault(name, set()).add(self.group_of[x])
        return {name: len(groups) for name, groups in holders.items()}

    def cells(self, x: int) -> np.ndarray:
        """Every cell's bucket, [r, bins], written out from the bytes."""
        raw = self.answers[x]
        half = len(raw) // self.params.r
        rows = [raw[table * half : (table + 1) * half] for table in range(self.params.r)]
        return np.array([[byte >> shift & 15 for byte in row for shift in (4, 0)] for row in rows])

    def plain_cells(self) -> dict[int, np.ndarray]:
        """The same by plain counting: which groups show the same name by the same insertion in the same cell."""
        shown: dict[tuple[object, ...], list[int]] = {}
        for x, share in self.shares.items():
            for cell, slot in share.slots.cells():
                shown.setdefault((cell, slot.insertion, self.sets[x][slot.element]), []).append(x)
        width = 2 * ((self.params.bins + 1) // 2)
        plain = {x: np.zeros((self.params.r, width), dtype=int) for x in self.shares}
        for (cell, _, _), xs in shown.items():
            for x in xs if len(xs) >= self.params.t else ():
                plain[x][cell.table, cell.bin] = bucket_of(len({self.group_of[one] for one in xs}))
        return plain


class _Dice:
    def __init__(self, seed: object) -> None:
        self._seed = repr(seed).encode()

    def bytes(self, count: int) -> bytes:
        return hashlib.shake_256(self._seed).digest(count)


_KR = hashlib.sha256(b"a round's key").digest()


def _id(name: object) -> bytes:
    return hashlib.sha256(repr(name).encode()).digest()[:14]


names_of_sets = st.dictionaries(
    st.integers(1, 2**31 - 2), st.frozensets(st.integers(0, 25), max_size=15), min_size=3, max_size=9
)


@given(sets=names_of_sets, m=st.integers(15, 31), spread=st.integers(1, 9), seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_the_private_join_says_what_plain_counting_says_cell_for_cell(sets, m, spread, seed) -> None:
    groups = {x: f"group {at % spread}" for at, x in enumerate(sets)}
    params = RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="Commons", t=3, m=m, r=4)
    played = Played(params, sets, groups, seed=seed, engine="numpy")
    for x, plain in played.plain_cells().items():
        assert np.array_equal(played.cells(x), plain)


def test_what_is_read_is_the_plain_count_whoever_counts_and_groups_once(params) -> None:
    """At R=10 no element is missed here and no holder left out, though four fifths of each set are its own."""
    sets = {x: [n for n in (2, 4, 6, 12, 18) if x <= n] for x in range(1, 19)}
    one, other = (Played(params(3, 6, 4), sets, engine=engine) for engine in ("numpy", "numba"))
    assert one.answers == other.answers
    assert {bucket for x in sets for bucket in one.told(x).values()} == set(range(5))
    sets = {x: [("shared", n) for n in range(60) if x <= n % 9] + [("own", x, n) for n in range(240)] for x in range(9)}
    played = Played(params(3, 300, 10), {x + 1: names for x, names in sets.items()})
    counted = played.counted()
    assert {bucket_of(k) for k in counted.values()} == {0, 1, 2, 3}
    for x in played.sets:
        assert played.told(x) == {name: bucket_of(counted[name]) for name in played.sets[x]}


def test_actors_of_one_group_count_once(params) -> None:
    sets = {x: ["name"] for x in range(1, 7)}
    p = params(3, 10, 10)
    assert Played(p, sets).told(1) == {"name": 2}
    assert Played(p, sets, {x: f"host {x % 3}" for x in sets}).told(1) == {"name": 1}
    assert Played(p, sets, {x: f"host {x % 2}" for x in sets}).told(1) == {"name": 0}


def test_every_answer_has_one_size_whatever_anybody_holds(params) -> None:
    p = params(3, 9, 4)
    assert answer_bytes(p) == 4 * 14
    for sets in ({1: []}, {1: ["a"], 2: ["b"]}, {x: range(9) for x in range(1, 8)}, {x: [] for x in range(1, 8)}):
        assert {len(raw) for raw in Played(p, sets).answers.values()} == {answer_bytes(p)}
    assert [answer_bytes(_commons(m)) for m in SIZES] == [150_000, 1_500_000]


def _commons(m: int) -> RoundParams:
    return commons_params(epoch=1, round_id=bytes(16), registry_version=1, m=m)


def test_a_round_has_one_of_two_sizes_and_what_is_cut_is_refused(params) -> None:
    assert [(_commons(m).t, _commons(m).r, _commons(m).upload_bytes) for m in SIZES] == [
        (3, 10, 2_400_000),
        (3, 10, 24_000_000),
    ]
    with pytest.raises(ValueError, match="no size class"):
        _commons(20_000)
    with pytest.raises(ValueError, match="begin at 3"):
        Played(
            RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="B", t=2, m=5, r=2), {1: []}
        )
    p = params(3, 9, 4)
    played = Played(p, {x: ["a", "b"] for x in (1, 2, 3)})
    good, slots = played.answers[1], played.shares[1].slots
    half = len(good) // 4
    filler = good[: half - 1] + bytes([good[half - 1] | 1]) + good[half:]
    for bad, rule in (
        (b"", "answer_length"),
        (good[:-1], "answer_length"),
        (good + b"\0", "answer_length"),
        (b"\x60" + good[1:], "answer_value"),
        (b"\x0f" + good[1:], "answer_value"),
        (filler, "answer_value"),
    ):
        refused = read_answer(p, bad, slots, 2)
        assert isinstance(refused, Refused)
        assert refused.rule == rule


# --- answers that are none --------------------------------------------------------------------------------------------


@given(raw=st.one_of(st.binary(max_size=80), st.binary(min_size=56, max_size=56)))
@settings(max_examples=60, deadline=None)
def test_no_answer_makes_a_node_fail(raw) -> None:
    p = RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="Commons", t=3, m=9, r=4)
    slots = generate(p, _KR, [(_id(n), 1.0) for n in range(5)], 7, _Dice(1)).slots
    read = read_answer(p, raw, slots, 5)
    assert isinstance(read, Refused) or (read.shape == (5,) and int(read.max()) <= len(EDGES))


# --- what an answer may not say ---------------------------------------------------------------------------------------


def others_answers(one: Played, changed: int) -> dict[int, bytes]:
    return {x: raw for x, raw in one.answers.items() if x != changed}


@given(
    shared=st.dictionaries(st.integers(0, 40), st.frozensets(st.integers(1, 6), min_size=3), max_size=30),
    single=st.dictionaries(st.integers(100, 140), st.integers(2, 6), max_size=20),
    one=st.frozensets(st.integers(100, 160), max_size=30),
    other=st.frozensets(st.integers(100, 160), max_size=30),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=15, deadline=None)
def test_two_worlds_that_differ_in_what_one_actor_holds_below_t_give_everybody_else_the_same_bytes(
    shared, single, one, other, seed
) -> None:
    """The twin test. Actor 1 holds ``one`` in the one world and ``other`` in the other, alone or with one more actor;
    what t groups hold was known the day before and goes ahead."""
    worlds = []
    for mine in (one, other):
        sets = {x: [n for n, xs in shared.items() if x in xs] for x in range(1, 7)}
        for n, x in single.items():
            sets[x].append(n)
        sets[1] += sorted(mine)
        worlds.append(Played(_small(80), sets, ahead=shared, seed=seed))
    assert others_answers(worlds[0], 1) == others_answers(worlds[1], 1)


def _small(m: int) -> RoundParams:
    return RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="Commons", t=3, m=m, r=4)


def test_told_cell_by_cell_an_element_betrays_its_way_and_ahead_of_all_is_counted_whole(params) -> None:
    """Why what is known goes ahead: without it the same two worlds differ in what actors 2 and 3 are told. The canary:
    nothing is ever in its way, so each table must say how many groups took part."""
    sets = {x: list(range(40)) for x in (1, 2, 3)}
    without = Played(_small(80), sets)
    with_more = Played(_small(80), sets | {1: [*range(40), *range(200, 240)]})
    assert others_answers(without, 1) != others_answers(with_more, 1)
    canary = element_id(bytes(32), CANARY)
    p, xs = params(3, 40, 10), tuple(range(1, 36))
    planes, slots = {}, {}
    for x in xs:
        ids = [(canary, 1.0), *((_id((x, n)), 1.0) for n in range(20)), *((_id(n), 1.0) for n in range(19))]
        ahead = {canary: CANARY_CLASS} | {_id(n): KNOWN_CLASS for n in range(19)}
        share = generate(p, _KR, ids, x, _Dice(x), ahead)
        planes[x], slots[x] = share.planes, share.slots
    raw = answers(p, xs, {x: str(x) for x in xs}, planes_by_table(planes), "numba")
    for x in xs:
        tables = {cell.table for cell, slot in slots[x].cells() if (slot.element, slot.insertion) == (0, 1)}
        assert tables == set(range(10))
        assert read_answer(p, raw[x], slots[x], 40)[0] == bucket_of(35)


def test_what_is_held_below_t_shows_in_no_answer(params) -> None:
    """Each pair of three actors shares much; and one group alone is below t however many actors it has."""
    pairs = {x: [(n, pair) for pair in (1, 2, 3) if pair != x for n in range(40)] for x in (1, 2, 3)}
    for played in (
        Played(params(3, 100, 10), pairs),
        Played(params(3, 100, 10), {x: range(40) for x in range(1, 6)}, dict.fromkeys(range(1, 6), "one")),
    ):
        assert set(played.answers.values()) == {bytes(answer_bytes(played.params))}
