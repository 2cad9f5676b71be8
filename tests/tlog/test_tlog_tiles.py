"""Tiles and bundles: the same tree whichever way the log grew, and nothing read that is not whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.tlog.bad import BadLog
from bavn.tlog.merkle import consistency, inclusion, is_consistent, is_included, leaf_hash, root
from bavn.tlog.tiles import (
    Edge,
    Tree,
    all_entries,
    bundle,
    bundle_path,
    edge_of,
    entries_of,
    hashes_of,
    superseded,
    tile_path,
    widths,
)

ENTRIES = [f"entry {number}".encode() for number in range(70_000)]


def grown(steps, files=None):
    edge, files, at = Edge(), {} if files is None else files, 0
    for step in steps:
        files.update(edge.grow(ENTRIES[at : at + step]))
        at += step
    return edge, files


def test_files_lie_where_the_specification_says() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 1234067) == "tile/1/x001/x234/067"
    assert tile_path(0, 273, 112) == "tile/0/273.p/112"
    assert bundle_path(1000, 7) == "tile/entries/x001/000.p/7"


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    assert widths(70_000) == [112, 17, 1]
    _, files = grown([70_000])
    tiles = [path for path in files if path.startswith("tile/") and "entries" not in path]
    assert len([one for one in tiles if one.startswith("tile/0/") and ".p/" not in one]) == 273
    assert {one for one in tiles if ".p/" in one} == {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert "tile/1/000" in tiles


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_however_it_grew_it_is_one_tree(steps) -> None:
    size = sum(steps)
    edge, files = grown(steps)
    hashes = [leaf_hash(entry) for entry in ENTRIES[:size]]
    tree = Tree(size, files.__getitem__)
    assert edge.root() == tree.root() == root(hashes)
    assert list(all_entries(size, files.__getitem__)) == ENTRIES[:size]
    assert edge_of(size, files.__getitem__) == edge
    old = steps[0]
    proof = consistency(old, size, tree.subtree)
    assert tree.root(old) == root(hashes[:old])
    assert is_consistent(old, size, root(hashes[:old]), tree.root(), proof)
    assert is_included(hashes[old - 1], old - 1, size, inclusion(old - 1, size, tree.subtree), tree.root())


def test_what_was_not_full_may_go_once_the_full_tile_is_there() -> None:
    edge, files = grown([255])
    gone = superseded(files)
    assert gone == []
    more = edge.grow(ENTRIES[255:300])
    assert sorted(superseded(more)) == ["tile/0/000.p", "tile/entries/000.p"]
    kept = {
        path: text
        for path, text in (files | more).items()
        if not path.startswith(("tile/0/000.p", "tile/entries/000.p"))
    }
    assert Tree(255, kept.__getitem__).root() == root([leaf_hash(one) for one in ENTRIES[:255]])
    assert list(all_entries(255, kept.__getitem__, 250)) == ENTRIES[250:255]
    assert Tree(255, kept.__getitem__).entry(254) == ENTRIES[254]


@pytest.mark.parametrize("text", [b"", b"\0", b"\0\5abc", bundle([b"a", b"b", b"c"]), bundle([b"a", b"b"]) + b"\0"])
def test_a_bundle_that_is_not_whole_is_refused(text) -> None:
    assert entries_of(bundle([b"a", b"b"]), 2) == [b"a", b"b"]
    with pytest.raises(BadLog, match="2 whole entries"):
        entries_of(text, 2)


def test_a_tile_that_is_not_whole_is_refused() -> None:
    with pytest.raises(BadLog, match="2 whole hashes"):
        hashes_of(bytes(63), 2)


def test_an_entry_that_no_bundle_can_hold_is_the_writers_fault() -> None:
    with pytest.raises(ValueError, match="at most"):
        bundle([bytes(65_536)])
