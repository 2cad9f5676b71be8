"""The log of a centre as somebody shows it: notes, checkpoints, keys, proofs, bundles, tiles and entries."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.tlog.audit import audit, audit_proof
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint, checkpoint_of, signed
from bavn.tlog.entries import Entry, entry_of
from bavn.tlog.note import key_from, key_of, note_of
from bavn.tlog.proof import proof_of
from bavn.tlog.tiles import CHECKPOINT, Edge, entries_of, hashes_of
from bavn.wire.round_audit import audit_round, round_audit_of
from fuzz.mutate import BYTES
from fuzz.mutate_json import JSON
from fuzz.mutate_text import LINES
from fuzz.target import Broken, Run, Target, fine
from tests.wire.test_round_audit import KEY as KEY_OF_ROUND
from tests.wire.test_round_audit import a_round

NAME = "bavn/fuzz"
KEY = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
LOG = key_from(NAME, KEY)
ENTRIES = [Entry(kind="act", at_s=number, fields={}, seal=f"{number:064x}").bytes() for number in range(5)]


def _files() -> dict[str, bytes]:
    edge = Edge()
    files = edge.grow(ENTRIES)
    return files | {CHECKPOINT: signed(Checkpoint(NAME, edge.size, edge.root()), KEY).text().encode()}


def _proof() -> bytes:
    shown = audit(_files().__getitem__, LOG, entry=2).proof
    assert shown is not None
    return shown.text().encode()


def _note() -> Run:
    def run(data: bytes) -> None:
        note = note_of(data)
        if note_of(note.text().encode()) != note:
            raise Broken("a note is not what it was written as")
        checkpoint_of(note.body)

    return fine(run, BadLog)


def _key() -> Run:
    return fine(lambda data: key_of(data.decode("utf-8", "replace")), BadLog)


def _entry() -> Run:
    def run(data: bytes) -> None:
        if entry_of(data).bytes() != data:
            raise Broken("an entry has two ways of being written")

    return fine(run, BadLog)


def _whole() -> Run:
    """The bytes in the place of the bundle, of the tile and of the checkpoint: nothing but the honest ones holds."""
    honest = _files()

    def run(data: bytes) -> None:
        for path, text in honest.items():
            try:
                report = audit((honest | {path: data}).__getitem__, LOG, entry=2)
            except BadLog:
                continue
            if report.good and data != text and path != CHECKPOINT and report.proof is None:
                raise Broken("a file that is not the log's is believed")
        for take_apart in (entries_of, hashes_of):
            fine(lambda given, read=take_apart: read(given, 5), BadLog)(data)

    return run


def _handed() -> Run:
    honest = proof_of(_proof())

    def run(data: bytes) -> None:
        proof = proof_of(data)
        if audit_proof(proof, LOG).good and (proof.entry, proof.index) != (honest.entry, honest.index):
            raise Broken("an entry is proven that is not in the log")

    return fine(run, BadLog)


def _round() -> Run:
    """Whatever the bytes, nothing that was not signed is evidence that a hit was dropped."""

    def run(data: bytes) -> None:
        report = audit_round(round_audit_of(data), KEY_OF_ROUND)
        if any(finding.check == "recomputed" and finding.evidence for finding in report.findings):
            raise Broken("a file that was changed is evidence against a centre")

    return fine(run, BadLog)


def _rounds() -> list[bytes]:
    return [b"".join(a_round(number, opens=number).pieces()) for number in (2, 3)]


TARGETS = (
    Target(
        name="round-audit",
        covers=("module:bavn.wire.round_audit",),
        forms=(*JSON, *BYTES),
        seeds=_rounds,
        make=_round,
    ),
    Target(
        name="log-note",
        covers=("module:bavn.tlog.note", "module:bavn.tlog.checkpoint"),
        forms=(*LINES, *BYTES),
        seeds=lambda: [_files()[CHECKPOINT]],
        make=_note,
    ),
    Target(name="log-key", covers=(), forms=BYTES, seeds=lambda: [LOG.text().encode()], make=_key),
    Target(
        name="log-entry",
        covers=("module:bavn.tlog.entries",),
        forms=JSON,
        seeds=lambda: ENTRIES[:2],
        make=_entry,
    ),
    Target(
        name="log-files",
        covers=("module:bavn.tlog.tiles", "module:bavn.tlog.audit"),
        forms=BYTES,
        seeds=lambda: list(_files().values()),
        make=_whole,
    ),
    Target(
        name="log-proof",
        covers=("module:bavn.tlog.proof",),
        forms=(*LINES, *BYTES),
        seeds=lambda: [_proof()],
        make=_handed,
    ),
)
