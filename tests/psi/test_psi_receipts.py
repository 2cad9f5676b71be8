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
CELL, MEMBERS = Cell(3, 17), 5


def key(x: int) -> bytes:
    """What actor ``x`` alone has."""
    return bytes([x]) * 32


OWN = key(11)


def true_tags(*xs: int) -> list[bytes]:
    return [tag(KR, H, key(x), CELL) for x in xs]


@pytest.mark.parametrize(
    ("t", "xs"), [(2, (22,)), (2, (22, 33)), (3, (55, 22)), (3, (22, 33, 44, 55)), (5, (22, 33, 44, 55))]
)
def test_true_receipts_of_enough_others_open_the_cell(t, xs) -> None:
    assert check(KR, H, CELL, true_tags(*xs), OWN, MEMBERS, t)


FORGED = {
    "none": (2, []),
    "one too few": (3, true_tags(22)),
    "own tag back": (2, true_tags(11)),
    "own tag among enough others": (2, true_tags(22, 11)),
    "own proof under another's nonce": (2, [true_tags(22)[0][:16] + true_tags(11)[0][16:]]),
    "own nonce with a byte less": (2, [true_tags(11)[0][1:]]),
    "the same twice": (3, true_tags(22, 22)),
    "the same twice beside enough others": (3, true_tags(22, 33, 33)),
    "one receipt's nonce with another's proof": (3, [true_tags(22)[0][:16] + true_tags(33)[0][16:], *true_tags(33)]),
    "replayed from another bin": (2, [tag(KR, H, key(22), Cell(3, 18))]),
    "replayed from another table": (2, [tag(KR, H, key(22), Cell(4, 17))]),
    "replayed from another round": (2, [tag(OTHER_KR, H, key(22), CELL)]),
    "of another element": (2, [tag(KR, OTHER_H, key(22), CELL)]),
    "one wrong beside enough right": (2, [*true_tags(22, 33), bytes(32)]),
    "a dummy's": (2, [dummy_tag(key(22), KR, CELL)]),
    "the own dummy's": (2, [dummy_tag(OWN, KR, CELL)]),
    "cut short": (2, [true_tags(22)[0][:31]]),
    "a nonce alone": (2, [true_tags(22)[0][:16]]),
    "empty": (2, [b""]),
    "longer": (2, [true_tags(22)[0] + b"\0"]),
    "as many as there are members": (2, true_tags(22, 33, 44, 55, 66)),
    "more than there are members": (2, true_tags(*range(20, 200))),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_false_receipt_opens_nothing(name) -> None:
    t, others = FORGED[name]
    assert check(KR, H, CELL, others, OWN, MEMBERS, t) is False


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(2, 4))
def test_no_bytes_of_someone_without_the_key_open_a_cell(others, t) -> None:
    assert check(KR, H, CELL, others, OWN, MEMBERS, t) is False


@given(st.integers(0, 255), st.integers(0, 2))
def test_one_bit_is_enough_to_be_false(bit, which) -> None:
    others = true_tags(22, 33, 44)
    others[which] = (int.from_bytes(others[which]) ^ 1 << bit).to_bytes(32)
    assert check(KR, H, CELL, others, OWN, MEMBERS, 3) is False


def test_a_cell_without_an_element_never_opens() -> None:
    zero = bytes(14)
    for others in (true_tags(22, 33), [tag(KR, zero, key(x), CELL) for x in (22, 33)]):
        assert check(KR, None, CELL, others, OWN, MEMBERS, 2) is False


def test_the_work_is_the_same_whichever_receipt_is_false(monkeypatch) -> None:
    """All tags are recomputed and all compared, by a comparison in constant time, also for a cell without element."""
    calls = []

    def counting(name, real):
        return lambda *args: calls.append(name) or real(*args)

    monkeypatch.setattr(receipt, "_proof", counting("proof", receipt._proof))
    monkeypatch.setattr(receipt, "compare_digest", counting("compare", receipt.compare_digest))
    right = true_tags(22, 33, 44)
    calls.clear()
    work = set()
    for which in (None, 0, 1, 2):
        for held in (H, None):
            others = [bytes(32) if i == which else given_tag for i, given_tag in enumerate(right)]
            check(KR, held, CELL, others, OWN, MEMBERS, 3)
            work.add(tuple(calls))
            calls.clear()
    assert work == {("proof", "compare") * 3}


def test_a_dummy_answers_alike_in_its_round_and_otherwise_elsewhere() -> None:
    own, other_own = b"o" * 32, b"p" * 32
    assert dummy_tag(own, KR, CELL) == dummy_tag(own, KR, CELL)
    different = [
        dummy_tag(own, KR, CELL),
        dummy_tag(other_own, KR, CELL),
        dummy_tag(own, OTHER_KR, CELL),
        dummy_tag(own, KR, Cell(3, 18)),
        dummy_tag(own, KR, Cell(17, 3)),
        tag(KR, H, key(22), CELL),
        tag(KR, H, key(33), CELL),
    ]
    assert all(one != other for one, other in combinations(different, 2))
    assert {len(each) for each in different} == {receipt.TAG_BYTES}


def test_nothing_of_a_receipt_tells_whose_it_is_to_who_holds_the_element() -> None:
    """Who knows the round's key, the element, the place and every member's x makes 40 receipts of its own, and none is
    what another gave: all that a receipt holds beside these follows from a key that its maker has."""
    mine = {tag(KR, H, key(x), CELL) for x in range(1, 41)}
    given = tag(KR, H, b"a key that no other actor has...", CELL)
    assert given not in mine
    assert check(KR, H, CELL, [given], OWN, MEMBERS, 2)


def test_tags_of_dummies_and_elements_are_both_uniform() -> None:
    cells = [Cell(table, bin_) for table in range(20) for bin_ in range(200)]
    for tags in ([dummy_tag(b"o" * 32, KR, cell) for cell in cells], [tag(KR, H, key(22), cell) for cell in cells]):
        counts = [0] * 256
        for byte in b"".join(tags):
            counts[byte] += 1
        assert chisquare(counts).pvalue > 1e-4
        assert len(set(tags)) == len(tags)
