"""Signed notes, checkpoints and cosignatures: what holds, what does not, and what a witness refuses to sign."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.model.outcome import Refused
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import (
    NOTHING_YET,
    Checkpoint,
    Cosigned,
    checkpoint_of,
    cosigned,
    is_half,
    opened,
    signed,
    witnessed,
)
from bavn.tlog.merkle import consistency, leaf_hash, root
from bavn.tlog.note import BY_WITNESS, Line, Note, VerifierKey, is_signed, key_from, key_of, note_of

# A note that is signed by another program: the example of golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ANSWER = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NAME = "centre.example/log"
LOG = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
KEY = key_from(NAME, LOG)
HASHES = [leaf_hash(bytes([number])) for number in range(9)]


def subtree(start, end):
    return root(HASHES[start:end])


def checkpoint(size: int, hashes=HASHES) -> Checkpoint:
    return Checkpoint(NAME, size, root(hashes[:size]))


def witness(number: int) -> tuple[str, Ed25519PrivateKey]:
    return f"actor-{number}.example", Ed25519PrivateKey.from_private_bytes(bytes([number + 10]) * 32)


def look(size: int, seen: Checkpoint, number: int = 1, hashes=HASHES, proof=None, now_s: int = 1_800_000_000):
    name, key = witness(number)
    given = consistency(seen.size, size, subtree) if proof is None else proof
    return cosigned(signed(checkpoint(size, hashes), LOG), KEY, seen=seen, proof=given, name=name, key=key, now_s=now_s)


def test_a_note_of_another_program_holds() -> None:
    key, note = key_of(NEUMANN), note_of(ANSWER.encode())
    assert key.text() == NEUMANN
    assert note.text() == ANSWER
    assert is_signed(note, key)
    assert not is_signed(note_of(ANSWER.replace("your", "our", 1).encode()), key)


def test_a_checkpoint_says_what_was_signed() -> None:
    note = signed(checkpoint(5), LOG)
    assert opened(note_of(note.text().encode()), KEY) == checkpoint(5)
    assert checkpoint_of(checkpoint(0).body()) == checkpoint(0)


def test_a_checkpoint_of_another_key_or_log_is_not_believed() -> None:
    with pytest.raises(BadLog, match="not signed"):
        opened(signed(checkpoint(5), Ed25519PrivateKey.generate()), KEY)
    other = Checkpoint("other.example/log", 5, HASHES[0])
    mine = signed(checkpoint(5), LOG)
    with pytest.raises(BadLog, match="not signed"):
        opened(Note(other.body(), mine.lines), KEY)
    forged = Note(other.body(), (Line(NAME, KEY.id, LOG.sign(other.body().encode())),))
    with pytest.raises(BadLog, match=r"of other\.example"):
        opened(forged, KEY)


def test_a_line_of_the_logs_key_that_does_not_hold_condemns_the_note() -> None:
    note = signed(checkpoint(5), LOG)
    bent = Note(note.body, (*note.lines, Line(NAME, KEY.id, bytes(64))))
    assert not is_signed(bent, KEY)
    strange = Note(note.body, (*note.lines, Line("somebody.example", b"1234", bytes(64))))
    assert is_signed(strange, KEY)


@pytest.mark.parametrize(
    "body",
    [
        "log\n5\nAAAA\n",
        "log\n05\n" + checkpoint(5).body().split("\n")[2] + "\n",
        "log\n-1\n" + checkpoint(5).body().split("\n")[2] + "\n",
        "\n5\n" + checkpoint(5).body().split("\n")[2] + "\n",
        "a log\n5\n" + checkpoint(5).body().split("\n")[2] + "\n",
        checkpoint(5).body() + "an extension\n",
        checkpoint(5).body()[:-1],
        "log\n999999999999999\n" + checkpoint(5).body().split("\n")[2] + "\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body) -> None:
    with pytest.raises(BadLog):
        checkpoint_of(body)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"text\n\n",
        b"text\n\n- dash AAAAAAA=\n",
        b"text\n\n\xe2\x80\x94 n AAAA\n",
        b"\xff\n\n",
        b"t\r\n\n\n",
        "text\n\n— two words AAAAAAA=\n".encode(),
        "text\n\n— n AAAAAAA=".encode(),
        "text\n\n— n ???\n".encode(),
    ],
)
def test_what_is_no_note_is_refused(text) -> None:
    with pytest.raises(BadLog):
        note_of(text)


@pytest.mark.parametrize(
    "text", ["", "name", "name+00000000+", "name+00000000+AQ==", NEUMANN[:-4] + "AAAA", "a b+1+AQ=="]
)
def test_what_is_no_key_is_refused(text) -> None:
    with pytest.raises(BadLog):
        key_of(text)


# --- witnesses ------------------------------------------------------------------------------------------------------


def test_a_witness_signs_what_goes_on_from_what_it_saw() -> None:
    first = look(3, NOTHING_YET)
    assert isinstance(first, Cosigned)
    assert first.seen == checkpoint(3)
    second = look(7, first.seen)
    assert isinstance(second, Cosigned)
    again = look(7, second.seen)
    assert isinstance(again, Cosigned)
    name, key = witness(1)
    note = signed(checkpoint(7), LOG).with_lines([second.line])
    assert opened(note, KEY) == checkpoint(7)
    assert witnessed(note, [key_from(name, key, BY_WITNESS)]) == {name: 1_800_000_000}


def test_a_witness_signs_no_log_with_another_past() -> None:
    seen = look(5, NOTHING_YET).seen
    other = [HASHES[8], *HASHES[1:]]
    for size in (5, 7):
        refused = look(size, seen, hashes=other)
        assert isinstance(refused, Refused)
        assert refused.rule == "log_other_past"
    assert look(4, seen, proof=[]).rule == "log_shorter"
    assert look(7, seen, proof=[]).rule == "log_other_past"


def test_a_witness_signs_nothing_that_the_log_did_not_sign_nor_another_log() -> None:
    name, key = witness(1)
    unsigned = signed(checkpoint(3), Ed25519PrivateKey.generate())
    refused = cosigned(unsigned, KEY, seen=NOTHING_YET, proof=[], name=name, key=key, now_s=1)
    assert refused.rule == "log_signature"
    seen = Checkpoint("other.example/log", 0, NOTHING_YET.root)
    assert look(3, seen, proof=[]).rule == "log_origin"


def test_a_cosignature_counts_once_a_key_and_not_when_it_is_old() -> None:
    name, key = witness(1)
    line = look(7, NOTHING_YET).line
    again = Line("alias.example", key_from("alias.example", key, BY_WITNESS).id, line.signature)
    note = signed(checkpoint(7), LOG).with_lines([line, again])
    known = [key_from(name, key, BY_WITNESS), key_from("alias.example", key, BY_WITNESS)]
    assert list(witnessed(note, known)) == [name]
    assert list(witnessed(note, known, oldest_s=1_800_000_000)) == [name]
    assert witnessed(note, known, oldest_s=1_800_000_001) == {}
    late = cosigned(signed(checkpoint(7), LOG), KEY, seen=NOTHING_YET, proof=[], name=name, key=key, now_s=2**63)
    with pytest.raises(BadLog, match="does not hold"):
        witnessed(signed(checkpoint(7), LOG).with_lines([late.line]), known)


def test_a_cosignature_of_another_checkpoint_or_moment_does_not_hold() -> None:
    name, key = witness(1)
    known = [key_from(name, key, BY_WITNESS)]
    line = look(7, NOTHING_YET).line
    with pytest.raises(BadLog, match="does not hold"):
        witnessed(signed(checkpoint(6), LOG).with_lines([line]), known)
    later = Line(line.name, line.key_id, bytes(7) + b"\1" + line.signature[8:])
    with pytest.raises(BadLog, match="does not hold"):
        witnessed(signed(checkpoint(7), LOG).with_lines([later]), known)


def test_a_split_view_finds_no_half_of_the_witnesses_twice() -> None:
    """Two histories of one log: whoever cosigned the one refuses the other, so that they cannot both have half."""
    other = [*HASHES[:3], HASHES[8], *HASHES[4:]]
    signers = {"one": 0, "other": 0}
    for number in range(5):
        first, then = (HASHES, other) if number % 2 else (other, HASHES)
        seen = look(5, NOTHING_YET, number, hashes=first, proof=[])
        signers["one" if first is HASHES else "other"] += 1
        refused = look(5, seen.seen, number, hashes=then, proof=[])
        assert isinstance(refused, Refused)
    assert [is_half(count, 5) for count in signers.values()].count(True) == 1
    assert not is_half(0, 0)
    assert is_half(2, 4)


def test_a_key_of_another_length_or_kind_is_none() -> None:
    with pytest.raises(BadLog):
        VerifierKey("name", 1, bytes(31))
    with pytest.raises(BadLog):
        VerifierKey("name", 6, bytes(32))
