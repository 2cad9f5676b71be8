"""Another's program reads what Bavn writes, and Bavn reads what it writes: aics-tlog (PyPI)."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.store import log
from bavn.centre.store.engine import make_missing, open_engine, reading, writing
from bavn.centre.store.log_keeper import LogKeeper
from bavn.centre.store.log_tables import METADATA
from bavn.rehearsal.clock import SimClock
from bavn.tlog.checkpoint import NOTHING_YET, Checkpoint, cosigned, opened, signed, witnessed
from bavn.tlog.entries import KINDS
from bavn.tlog.merkle import consistency, inclusion, is_consistent, is_included, leaf_hash, root
from bavn.tlog.note import BY_WITNESS, key_from, note_of
from bavn.tlog.tiles import Edge, Tree, all_entries
from bavn.traffic.dice import SeededDice
from tests.centre.store.log_folders import MemoryFolder

peer = pytest.importorskip("aics_tlog")
peer_tiles = pytest.importorskip("aics_tlog.tiles")

OF_FORM = {"id": "ab" * 16, "hash": "cd" * 32, "word": "on", "number": 7}
NAME, WITNESS = "centre.example/log", "actor-1.example"
LOG = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
EYE = Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32)
ENTRIES = [f'{{"number":{number}}}'.encode() for number in range(700)]
SIZES = (1, 2, 255, 256, 257, 511, 512, 700)


@pytest.fixture(scope="module")
def files():
    edge, made, at = Edge(), {}, 0
    for size in SIZES:
        made |= edge.grow(ENTRIES[at:size])
        at = size
    return made


@pytest.mark.parametrize("size", SIZES)
def test_the_peer_reads_the_tiles_of_every_size(files, size) -> None:
    tree = Tree(size, files.__getitem__)
    reader = peer.MemoryTileReader(files)
    assert peer.MerkleTree(ENTRIES[:size]).root() == tree.root()
    assert peer.audit_tiles(reader, size, tree.root())
    assert peer.inclusion_proof_from_tiles(reader, size - 1, size) == inclusion(size - 1, size, tree.subtree)
    assert peer.consistency_proof_from_tiles(reader, 1, size) == consistency(1, size, tree.subtree)


@pytest.mark.parametrize("size", SIZES)
def test_each_verifies_the_others_proofs(size) -> None:
    theirs = peer.MerkleTree(ENTRIES[:size])
    for index in {0, size // 3, size - 1}:
        assert is_included(leaf_hash(ENTRIES[index]), index, size, theirs.inclusion_proof(index), theirs.root())
    for old in {1, size // 2, size} - {0}:
        proof = theirs.consistency_proof(old, size)
        assert is_consistent(old, size, theirs.root(old), theirs.root(), proof)
        assert peer.verify_consistency(old, size, theirs.root(old), theirs.root(), proof)


def bent(proof):
    """A proof and all that is nearly it."""
    other = leaf_hash(b"another")
    yield from (proof, proof[1:], proof[:-1], [*proof, other], [other, *proof], proof[::-1], proof + proof)
    for at in range(len(proof)):
        yield [*proof[:at], other, *proof[at + 1 :]]
        yield proof[:at] + proof[at + 1 :]
        yield proof[:at] + proof[at : at + 2][::-1] + proof[at + 2 :]


def test_what_is_nearly_a_proof_proves_as_much_to_the_peer() -> None:
    """Of every entry of every small tree: a wrong leaf, index, size or root, and a proof that was bent."""
    hashes = [leaf_hash(entry) for entry in ENTRIES[:18]]
    for size in range(1, 18):
        tree = peer.MerkleTree(ENTRIES[:size])
        near = [(size, tree.root()), (size + 1, tree.root()), (size - 1, tree.root()), (size, hashes[17])]
        for index in range(size):
            assert inclusion(index, size, lambda a, b: root(hashes[a:b])) == tree.inclusion_proof(index)
            for proof in bent(tree.inclusion_proof(index)):
                asked = [(hashes[at], at, *one) for at in (index - 1, index, index + 1) for one in near]
                asked += [(hashes[index + 1], index, *near[0]), (tree.root(), index, *near[0])]
                for leaf, at, count, top in asked:
                    theirs = peer.verify_inclusion(leaf, at, count, proof, top)
                    assert is_included(leaf, at, count, proof, top) == theirs, (index, size, leaf, at, count)
                    assert not theirs or (leaf, at) == (hashes[index], index)
        for old in range(1, size + 1):
            assert consistency(old, size, lambda a, b: root(hashes[a:b])) == tree.consistency_proof(old, size)
            for proof in bent(tree.consistency_proof(old, size)):
                for before, (count, top) in ((b, one) for b in (old - 1, old, old + 1) for one in near):
                    theirs = peer.verify_consistency(before, count, tree.root(old), top, proof)
                    assert is_consistent(before, count, tree.root(old), top, proof) == theirs, (old, size, before)


def test_bavn_reads_the_tiles_that_the_peer_writes(tmp_path) -> None:
    peer_tiles.write_tiles(ENTRIES, tmp_path)

    def read(path):
        return (tmp_path / path).read_bytes()

    assert list(all_entries(len(ENTRIES), read)) == ENTRIES
    assert Tree(len(ENTRIES), read).root() == peer.MerkleTree(ENTRIES).root()


def test_the_peer_believes_the_checkpoint_and_its_witness(files) -> None:
    tree = Tree(700, files.__getitem__)
    note = signed(Checkpoint(NAME, 700, tree.root()), LOG)
    saw = cosigned(note, key_from(NAME, LOG), seen=NOTHING_YET, proof=[], name=WITNESS, key=EYE, now_s=1_767_000_000)
    whole = note.with_lines([saw.line]).text()
    log, eye = peer.parse_vkey(key_from(NAME, LOG).text()), peer.parse_vkey(key_from(WITNESS, EYE, BY_WITNESS).text())
    result = peer.verify_checkpoint(peer.parse_note(whole), log, [eye], quorum=1)
    assert result.ok, result.error
    assert result.timestamps == {WITNESS: 1_767_000_000}
    assert not peer.verify_checkpoint(peer.parse_note(whole.replace("700\n", "699\n", 1)), log, [eye], quorum=1).ok


def test_bavn_believes_the_checkpoint_of_the_peer_and_its_witness() -> None:
    whole_root = peer.MerkleTree(ENTRIES).root()
    note = peer.sign_checkpoint(peer.Checkpoint(NAME, 700, whole_root), LOG, NAME)
    _, line = peer.sign_cosignature(EYE, WITNESS, 1_767_000_000, NAME, 700, whole_root)
    whole = peer.Note(text=note.text, signatures=(*note.signatures, line)).to_bytes()
    assert opened(note_of(whole), key_from(NAME, LOG)) == Checkpoint(NAME, 700, whole_root)
    assert witnessed(note_of(whole), [key_from(WITNESS, EYE, BY_WITNESS)]) == {WITNESS: 1_767_000_000}


def test_the_peer_reads_the_files_that_a_centre_writes(tmp_path) -> None:
    """Every kind of entry, published by the centre's own keeper in several steps."""
    engine, folder, clock = (
        open_engine(f"sqlite:///{tmp_path / 'log.db'}"),
        MemoryFolder(),
        SimClock(1_800_000_000_000_000),
    )
    make_missing(engine, METADATA)
    keeper = LogKeeper(engine, folder, LOG, NAME, clock, SeededDice(1, "log"), "0.1.0")
    for kind in 40 * sorted(KINDS):
        fields = {name: OF_FORM[form] for name, form in KINDS[kind].fields.items()}
        with writing(engine) as tx:
            log.append(tx, kind, clock.now_us(), fields, {"told": kind} if KINDS[kind].sealed else None)
        if clock.advance(700_000) % 3 == 0:
            keeper.step()
    clock.advance(6_000_000)
    keeper.step()
    with reading(engine) as tx:
        entries = log.entries(tx, 0, 2**40)
    engine.dispose()
    verifier = keeper.key
    result = peer.verify_checkpoint(
        peer.parse_note(folder.read("checkpoint").decode()), peer.parse_vkey(verifier.text())
    )
    assert result.ok, result.error
    shown = opened(note_of(folder.read("checkpoint")), verifier)
    assert shown.size == len(entries)
    assert peer.audit_tiles(peer.MemoryTileReader(folder.files), shown.size, shown.root)
    assert peer.MerkleTree(entries).root() == shown.root
    for index in (0, shown.size // 2, shown.size - 1):
        path = peer.inclusion_proof_from_tiles(peer.MemoryTileReader(folder.files), index, shown.size)
        assert is_included(leaf_hash(entries[index]), index, shown.size, path, shown.root)
