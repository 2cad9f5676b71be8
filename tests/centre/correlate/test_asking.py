"""How many cells of an element are asked about, and that none hides behind others of the same holders."""

from collections import Counter, defaultdict

import pytest

from bavn.centre.correlate.asking import next_hits, place
from bavn.centre.correlate.round_state import CellAnswer, CellRequest
from bavn.centre.correlate.vouching import show
from bavn.psi.round import Cell, Hit, RoundParams
from bavn.psi.share import generate
from bavn.traffic.dice import SeededDice


def hits_of(seed, m, t, elements, holders):
    """The true hits of a round in which all ``holders`` hold the same elements, and which element each one is."""
    params = RoundParams(
        version=1, epoch=1, round_id=seed.to_bytes(16, "big"), registry_version=1, tier="A", t=t, m=m, r=10
    )
    dice = SeededDice(seed)
    key = dice.bytes(32)
    ids = [(f"e{at}".encode().ljust(14, b"_"), 1.0) for at in range(elements)]
    cells = defaultdict(dict)
    for x in holders:
        for cell, slot in generate(params, key, ids, x, dice).slots.cells():
            cells[cell].setdefault((slot.element, slot.insertion), []).append(x)
    return {
        Hit(cell, tuple(sorted(xs))): element
        for cell, by_slot in cells.items()
        for (element, _), xs in by_slot.items()
        if len(xs) >= t
    }


def asked_until_all_is_explained(truth, per_holder_max=10**6):
    named, asked, used, waves = {}, set(), Counter(), 0
    while wave := next_hits(truth, named, asked, per_holder_max, used):
        waves += 1
        for hit in wave:
            assert place(hit) not in asked
            asked.add(place(hit))
            named[place(hit)] = truth[hit]
            used.update(hit.holders)
    return asked, set(named.values()), used, waves


@pytest.mark.parametrize(("elements", "holders", "t"), [(1, 2, 2), (2, 2, 2), (5, 2, 2), (12, 2, 2), (3, 3, 3)])
def test_none_hides_and_each_is_asked_about_some_four_times(elements, holders, t):
    asked = found = shown = 0
    for seed in range(25):
        truth = hits_of(seed, 60, t, elements, range(1, holders + 1))
        places, named, _, waves = asked_until_all_is_explained(truth)
        assert waves <= 4
        asked += len(places)
        found += len(named)
        shown += len(set(truth.values()))
    assert found == shown
    assert asked / found < 5.5


@pytest.mark.slow
def test_how_often_one_hides_behind_another():
    hidden = total = 0
    for seed in range(1500):
        truth = hits_of(seed, 20, 2, 2, (1, 2))
        _, named, _, _ = asked_until_all_is_explained(truth)
        hidden += len(set(truth.values()) - named)
        total += len(set(truth.values()))
    assert hidden / total <= 0.002


def test_nobody_is_asked_beyond_its_set_and_different_holders_side_by_side():
    truth = hits_of(3, 20, 2, 15, (1, 2, 3))
    _, _, used, _ = asked_until_all_is_explained(truth, per_holder_max=20)
    assert max(used.values()) == 20
    one = [Hit(Cell(table, 5), (1, 2)) for table in range(4)]
    other = [Hit(Cell(table, 5), (3, 4)) for table in range(4)]
    wave = next_hits([*one, *other], {}, set(), 100, {})
    assert wave == sorted([*one, *other])


def test_a_new_holder_is_no_copy_and_one_element_explains_two_hits_of_a_table():
    known = {place(Hit(Cell(table, 1), (1, 2))): "old" for table in range(4)}
    hits = [Hit(Cell(table, 1), (1, 2)) for table in range(4)] + [Hit(Cell(6, 9), (1, 2, 3))]
    assert next_hits(hits, known, set(known), 100, {}) == [Hit(Cell(6, 9), (1, 2, 3))]
    hits = [Hit(Cell(table, bin_), (1, 2)) for table in range(4) for bin_ in (1, 2)]
    named = {place(hit): "known" for hit in hits}
    two = [Hit(Cell(6, bin_), (1, 2)) for bin_ in (4, 5)]
    assert next_hits([*hits, *two], named, set(named), 100, {}) == []
    three = [*two, Hit(Cell(6, 6), (1, 2))]
    assert len(next_hits([*hits, *three], named, set(named), 100, {})) == 1
    hit = Hit(Cell(0, 1), (1, 2, 3, 4))
    first = {x: show(x, hit, {1, 2, 3, 4}, [], [], 2) for x in hit.holders}
    assert first == {1: (2,), 2: (3,), 3: (4,), 4: (1,)}
    asked = [CellRequest(x, hit.cell, 1, 1, others) for x, others in first.items()]
    answers = [CellAnswer(1, hit.cell, "named"), CellAnswer(2, hit.cell, None), CellAnswer(4, hit.cell, "named")]
    assert show(2, hit, {1, 2, 3, 4}, asked, answers, 2) == (1,)
    assert show(2, hit, {2, 3}, asked, answers, 2) is None
    assert show(2, hit, {2}, [], [], 2) is None
