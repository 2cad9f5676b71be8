"""Threshold receipts: t-1 true ones open a cell, every false one of every kind does not, and none says why."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from bavn.psi import receipt
from bavn.psi.receipt import check, dummy_tag, tag
from bavn.psi.round import Cell

KR, OTHER_KR, H, OTHER_H = bytes(range(32)), bytes(32), b"h" * 14, b"g" * 14
CELL, OWN_X, REGISTERED = Cell(3, 17), 11, frozenset({11, 22, 33, 44, 55})


def true_tags(*xs: int) -> list[tuple[int, bytes]]:
    return [(x, tag(KR, H, x, CELL)) for x in xs]


@pytest.mark.parametrize(
    ("t", "xs"), [(2, (22,)), (2, (22, 33)), (3, (55, 22)), (3, (22, 33, 44, 55)), (5, (22, 33, 44, 55))]
)
def test_true_receipts_of_enough_others_open_the_cell(t, xs) -> None:
    assert check(KR, H, CELL, true_tags(*xs), OWN_X, REGISTERED, t)


FORGED = {
    "none": (2, []),
    "one too few": (3, true_tags(22)),
    "own tag back under another x": (2, [(22, tag(KR, H, OWN_X, CELL))]),
    "own tag back under the own x": (2, true_tags(OWN_X)),
    "own x among enough others": (2, true_tags(22, OWN_X)),
    "the same x twice": (3, true_tags(22, 22)),
    "the same x twice beside enough others": (3, true_tags(22, 33, 33)),
    "an x that is not registered": (2, true_tags(66)),
    "an x that is not registered beside enough": (2, true_tags(22, 66)),
    "replayed from another bin": (2, [(22, tag(KR, H, 22, Cell(3, 18)))]),
    "replayed from another table": (2, [(22, tag(KR, H, 22, Cell(4, 17)))]),
    "replayed from another round": (2, [(22, tag(OTHER_KR, H, 22, CELL))]),
    "of another element": (2, [(22, tag(KR, OTHER_H, 22, CELL))]),
    "of another actor": (2, [(22, tag(KR, H, 33, CELL))]),
    "swapped": (3, [(22, tag(KR, H, 33, CELL)), (33, tag(KR, H, 22, CELL))]),
    "one wrong beside enough right": (2, [*true_tags(22, 33), (44, bytes(16))]),
    "a dummy's": (2, [(22, dummy_tag(bytes(32), KR, CELL))]),
    "cut short": (2, [(22, tag(KR, H, 22, CELL)[:15])]),
    "empty": (2, [(22, b"")]),
    "longer": (2, [(22, tag(KR, H, 22, CELL) + b"\0")]),
    "x beyond 32 bits": (2, [(22 + 2**32, tag(KR, H, 22, CELL))]),
    "x below zero": (2, [(22 - 2**32, tag(KR, H, 22, CELL))]),
    "more than there are actors": (2, true_tags(*range(1, 200))),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_false_receipt_opens_nothing(name) -> None:
    t, others = FORGED[name]
    assert check(KR, H, CELL, others, OWN_X, REGISTERED, t) is False


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=20)), max_size=6), st.integers(2, 4))
def test_no_bytes_of_someone_without_the_key_open_a_cell(others, t) -> None:
    assert check(KR, H, CELL, others, OWN_X, REGISTERED, t) is False


@given(st.integers(0, 127), st.integers(0, 2))
def test_one_bit_is_enough_to_be_false(bit, which) -> None:
    others = true_tags(22, 33, 44)
    x, right = others[which]
    others[which] = (x, (int.from_bytes(right) ^ 1 << bit).to_bytes(16))
    assert check(KR, H, CELL, others, OWN_X, REGISTERED, 3) is False


def test_a_cell_without_an_element_never_opens() -> None:
    zero = bytes(14)
    for others in (true_tags(22, 33), [(x, tag(KR, zero, x, CELL)) for x in (22, 33)]):
        assert check(KR, None, CELL, others, OWN_X, REGISTERED, 2) is False


def test_the_work_is_the_same_whichever_receipt_is_false(monkeypatch) -> None:
    """All tags are recomputed and all compared, by a comparison in constant time, also for a cell without element."""
    calls = []

    def counting(name, real):
        return lambda *args: calls.append(name) or real(*args)

    monkeypatch.setattr(receipt, "tag", counting("tag", receipt.tag))
    monkeypatch.setattr(receipt, "compare_digest", counting("compare", receipt.compare_digest))
    right = true_tags(22, 33, 44)
    calls.clear()
    work = set()
    for which in (None, 0, 1, 2):
        for held in (H, None):
            others = [(x, bytes(16) if i == which else given_tag) for i, (x, given_tag) in enumerate(right)]
            check(KR, held, CELL, others, OWN_X, REGISTERED, 3)
            work.add(tuple(calls))
            calls.clear()
    assert work == {("tag", "compare") * 3}


def test_a_dummy_answers_alike_in_its_round_and_otherwise_elsewhere() -> None:
    own, other_own = b"o" * 32, b"p" * 32
    assert dummy_tag(own, KR, CELL) == dummy_tag(own, KR, CELL)
    different = [
        dummy_tag(own, KR, CELL),
        dummy_tag(other_own, KR, CELL),
        dummy_tag(own, OTHER_KR, CELL),
        dummy_tag(own, KR, Cell(3, 18)),
        dummy_tag(own, KR, Cell(17, 3)),
        tag(KR, H, 22, CELL),
        tag(KR, H, 33, CELL),
    ]
    assert all(one != other for one, other in combinations(different, 2))
    assert {len(each) for each in different} == {receipt.TAG_BYTES}


def test_tags_of_dummies_and_elements_are_both_uniform() -> None:
    cells = [Cell(table, bin_) for table in range(20) for bin_ in range(200)]
    for tags in ([dummy_tag(b"o" * 32, KR, cell) for cell in cells], [tag(KR, H, 22, cell) for cell in cells]):
        counts = [0] * 256
        for byte in b"".join(tags):
            counts[byte] += 1
        assert chisquare(counts).pvalue > 1e-4
        assert len(set(tags)) == len(tags)
