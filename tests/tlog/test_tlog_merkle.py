"""The tree of RFC 6962: roots that are known, and proofs that hold where they must and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.tlog.merkle import (
    EMPTY_ROOT,
    PROOF_MAX,
    SIZE_MAX,
    consistency,
    inclusion,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root,
)

LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes(range(0x60, 0x70)))
ROOTS = (  # the roots over the first 1, 2, ... of these entries: test vectors of certificate-transparency
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [leaf_hash(f"entry {number}".encode()) for number in range(80)]


def subtree(start, end):
    return root(HASHES[start:end])


def test_the_roots_are_those_that_others_compute() -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES]
    assert [root(hashes[:count]).hex() for count in range(1, 9)] == list(ROOTS)
    assert root([]) == EMPTY_ROOT


def test_every_entry_of_every_size_is_proven_and_no_other() -> None:
    for size in range(1, 70):
        whole = root(HASHES[:size])
        for index in {0, 1, size // 2, size - 1} & set(range(size)):
            proof = inclusion(index, size, subtree)
            assert is_included(HASHES[index], index, size, proof, whole)
            assert not is_included(HASHES[index + 1], index, size, proof, whole)
            assert not is_included(HASHES[index], index, size, [*proof, whole], whole)
            assert not is_included(HASHES[index], index, size, proof[:-1], whole) or not proof
            if size > 1:
                assert not is_included(HASHES[index], index ^ 1, size, proof, whole)


def test_every_earlier_tree_is_proven_to_be_the_beginning_and_no_other() -> None:
    for new in range(1, 40):
        for old in range(1, new + 1):
            proof = consistency(old, new, subtree)
            before, after = root(HASHES[:old]), root(HASHES[:new])
            assert is_consistent(old, new, before, after, proof)
            other = root([HASHES[70], *HASHES[1:old]])
            assert not is_consistent(old, new, other, after, proof)
            assert not is_consistent(old, new, before, other, proof)
            assert not is_consistent(new + 1, new, before, after, proof)


def test_from_nothing_any_tree_goes_on_but_only_from_nothing() -> None:
    assert is_consistent(0, 3, EMPTY_ROOT, root(HASHES[:3]), [])
    assert is_consistent(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not is_consistent(0, 3, HASHES[0], root(HASHES[:3]), [])
    assert not is_consistent(0, 0, EMPTY_ROOT, HASHES[0], [])
    assert not is_consistent(0, 3, EMPTY_ROOT, root(HASHES[:3]), [HASHES[0]])


@given(st.data())
def test_a_proof_with_one_bit_turned_proves_nothing(data) -> None:
    new = data.draw(st.integers(2, 80))
    old = data.draw(st.integers(1, new))
    proof = consistency(old, new, subtree)
    if proof:
        at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        bent = list(proof)
        bent[at] = (int.from_bytes(bent[at], "big") ^ (1 << bit)).to_bytes(32, "big")
        assert not is_consistent(old, new, root(HASHES[:old]), root(HASHES[:new]), bent)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (-1, 1), (1, 1), (9, 1), (2, 2), (3, 2)])
def test_what_is_outside_the_tree_has_no_proof(index, size) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion(index, size, subtree)
    proofs = [inclusion(at, max(size, 1), subtree) for at in range(max(size, 1))]
    for leaf, proof in ((leaf, proof) for leaf in HASHES[:4] for proof in ([], *proofs)):
        assert not is_included(leaf, index, size, proof, root(HASHES[:size]))
        assert not is_included(leaf, index, size, proof, leaf)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_tree_does_not_go_on_from_one_that_is_larger_or_none(old, new) -> None:
    with pytest.raises(ValueError, match="does not go on"):
        consistency(old, new, subtree)
    for proof in ([], [HASHES[0]]):
        assert not is_consistent(old, new, HASHES[0], HASHES[0], proof)


def test_no_tree_is_larger_than_the_bound_and_none_as_large_is_refused() -> None:
    """The first entry of a tree of so many, whose right halves are made up: its proof is right by its hashes alone."""
    for size, taken in ((SIZE_MAX, True), (SIZE_MAX + 1, False)):
        proof = HASHES[: (size - 1).bit_length()]
        top = HASHES[79]
        for other in proof:
            top = node_hash(top, other)
        assert is_included(HASHES[79], 0, size, proof, top) is taken
        assert is_consistent(1, size, HASHES[79], top, proof) is taken
    assert 2 * SIZE_MAX.bit_length() - 2 <= PROOF_MAX
