"""What an audit finds: a log that holds, and each lie of a centre by its own check."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.tlog.audit import audit, audit_proof
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import NOTHING_YET, Checkpoint, cosigned, signed
from bavn.tlog.entries import Entry
from bavn.tlog.note import BY_WITNESS, key_from, note_of
from bavn.tlog.proof import proof_of
from bavn.tlog.tiles import CHECKPOINT, WITNESSED, Edge

NAME = "bavn/test"
KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
LOG = key_from(NAME, KEY)


def entry(number, at_s=1_800_000_000):
    return Entry(kind="act", at_s=at_s + number, fields={}, seal=f"{number:064x}").bytes()


def log_of(entries, size=None, key=KEY):
    edge = Edge()
    files = edge.grow(entries)
    note = signed(Checkpoint(NAME, size or edge.size, edge.root()), key)
    return files | {CHECKPOINT: note.text().encode()}


def checks(files, **asked):
    return {finding.check: finding.good for finding in audit(files.__getitem__, LOG, **asked).findings}


ENTRIES = [entry(number) for number in range(300)]


def test_a_log_that_holds_is_said_to_hold() -> None:
    files, earlier = log_of(ENTRIES), note_of(log_of(ENTRIES[:120])[CHECKPOINT])
    made = audit(files.__getitem__, LOG, earlier=earlier, entry=7)
    assert made.good
    assert [finding.check for finding in made.findings] == ["signature", "whole", "grown", "entry"]
    assert made.kinds == {"act": 300}
    assert made.last_s == 1_800_000_299
    assert made.proof.entry == ENTRIES[7]
    assert checks(files, holding=f"{7:064x}") == {"signature": True, "whole": True, "entry": True}


def test_an_entry_that_was_changed_is_found() -> None:
    files = log_of(ENTRIES)
    for path in list(files):
        if path.startswith("tile/entries/000"):
            files[path] = files[path].replace(b"1800000003", b"1800000002")
    assert checks(files) == {"signature": True, "whole": False}


def test_an_entry_that_was_taken_out_is_found() -> None:
    kept = note_of(log_of(ENTRIES)[CHECKPOINT])
    without = log_of(ENTRIES[:50] + ENTRIES[51:] + [entry(300)])
    assert checks(without, earlier=kept) == {"signature": True, "whole": True, "grown": False}


def test_an_entry_that_was_slipped_in_or_back_dated_is_found() -> None:
    kept = note_of(log_of(ENTRIES[:120])[CHECKPOINT])
    assert checks(log_of([*ENTRIES[:60], entry(900), *ENTRIES[60:]]), earlier=kept)["grown"] is False
    assert checks(log_of([*ENTRIES[:60], entry(60, 1_700_000_000), *ENTRIES[61:]]), earlier=kept)["grown"] is False


@pytest.mark.parametrize(
    ("kind", "back_s", "found"), [("release", 601, True), ("release", 600, False), ("act", 10**6, False)]
)
def test_an_entry_that_was_back_dated_when_it_was_written_is_found(kind, back_s, found) -> None:
    """What came in before, such as an act on what a member said, may be written later; a release is made when it is."""
    late = Entry(kind=kind, at_s=1_800_000_299 - back_s, fields={}, seal="0" * 64).bytes()
    made = audit(log_of([*ENTRIES, late, entry(301)]).__getitem__, LOG)
    assert made.evidence is found
    assert [each.check for each in made.findings if not each.good] == ["order"] * found
    if found:
        assert made.findings[-1].says.say("en").startswith("Entry 300 says that it is of 2027")


def told(state, at_s, from_s=0, to_s=0):
    return Entry(kind="clock", at_s=at_s, fields={"state": state, "from": from_s, "to": to_s}).bytes()


def release(at_s):
    return Entry(kind="release", at_s=at_s, fields={}, seal="0" * 64).bytes()


NEWEST_S, HOUR_S, DAY_S = 1_800_000_299, 3600, 86_400
AHEAD_S = NEWEST_S + 40 * DAY_S


@pytest.mark.parametrize(
    ("entries", "evidence"),
    [
        ([told("back", NEWEST_S - DAY_S), release(NEWEST_S - DAY_S)], True),
        ([told("doubted", NEWEST_S, to_s=2**53 - 1), release(NEWEST_S - DAY_S), told("mended", NEWEST_S)], True),
        ([told("forward", NEWEST_S), told("back", NEWEST_S - DAY_S), release(NEWEST_S - DAY_S)], True),
        ([told("forward", AHEAD_S), told("back", NEWEST_S - HOUR_S), release(NEWEST_S - HOUR_S)], True),
        ([told("forward", AHEAD_S), release(AHEAD_S + DAY_S), told("back", NEWEST_S + HOUR_S)], True),
        ([told("forward", AHEAD_S), told("back", NEWEST_S), release(NEWEST_S - HOUR_S)], True),
        ([told("forward", AHEAD_S), release(AHEAD_S + DAY_S), told("back", NEWEST_S + DAY_S)], False),
        ([told("doubted", NEWEST_S, to_s=2**53 - 1), told("mended", NEWEST_S + DAY_S)], False),
    ],
)
def test_an_entry_of_the_clock_lets_nothing_be_back_dated(entries, evidence) -> None:
    """A liar writes the entries of its clock itself: what it decides is dated no further back for it."""
    made = audit(log_of([*ENTRIES, *entries]).__getitem__, LOG)
    assert made.evidence is evidence
    assert evidence or any(found.check == "clock" for found in made.findings)


def test_a_log_that_was_cut_is_found() -> None:
    kept = note_of(log_of(ENTRIES)[CHECKPOINT])
    assert checks(log_of(ENTRIES[:299]), earlier=kept)["grown"] is False


def test_a_log_of_another_key_is_found() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32)
    assert checks(log_of(ENTRIES, key=other)) == {"signature": False}
    assert audit(log_of(ENTRIES, key=other).__getitem__, LOG).checkpoint is None


def test_a_log_that_says_it_is_longer_than_it_is_is_found() -> None:
    assert checks(log_of(ENTRIES, size=301))["whole"] is False
    assert checks(log_of(ENTRIES, size=2**40))["whole"] is False


def test_files_that_are_not_there_are_named() -> None:
    files = log_of(ENTRIES)
    gone = {path: text for path, text in files.items() if not path.startswith("tile/entries/001")}
    made = audit(gone.__getitem__, LOG)
    assert not made.good
    assert "tile/entries/001" in made.findings[-1].says.say("en")


def test_what_is_not_in_the_log_is_not_proven() -> None:
    files = log_of(ENTRIES)
    assert checks(files, entry=300)["entry"] is False
    assert checks(files, holding="f" * 64)["entry"] is False


def test_an_entry_of_an_unknown_kind_is_named_by_its_number() -> None:
    made = audit(log_of([*ENTRIES[:3], b'{"kind":"gossip"}']).__getitem__, LOG)
    assert made.findings[-1].says.say("en").startswith("Entry 3: ")


def test_fewer_than_half_of_the_witnesses_are_not_enough() -> None:
    eyes = [(f"actor-{n}", Ed25519PrivateKey.from_private_bytes(bytes([n + 5]) * 32)) for n in range(4)]
    files = log_of(ENTRIES)
    note = note_of(files[CHECKPOINT])
    lines = [
        cosigned(note, LOG, seen=NOTHING_YET, proof=[], name=name, key=key, now_s=1_800_000_400).line
        for name, key in eyes
    ]
    known = [key_from(name, key, BY_WITNESS) for name, key in eyes]
    for count in range(5):
        files[CHECKPOINT] = note.with_lines(lines[:count]).text().encode()
        assert checks(files, witnesses=known)["witnesses"] is (count >= 2)
    bent = files[CHECKPOINT].replace(b"actor-1", b"actor-0")
    assert audit((files | {CHECKPOINT: bent}).__getitem__, LOG, witnesses=known).good


def cosigned_file(entries):
    """The key of a witness, and the checkpoint of these entries with its cosignature."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
    note = note_of(log_of(entries)[CHECKPOINT])
    line = cosigned(note, LOG, seen=NOTHING_YET, proof=[], name="eye", key=private, now_s=1_800_000_400).line
    return key_from("eye", private, BY_WITNESS), note.with_lines([line]).text().encode()


def test_witnesses_vouch_as_far_as_the_newest_checkpoint_that_they_cosigned() -> None:
    eye, handed_out = cosigned_file(ENTRIES[:120])
    made = audit((log_of(ENTRIES) | {WITNESSED: handed_out}).__getitem__, LOG, witnesses=[eye])
    assert made.good
    assert made.checkpoint.size == 300, "the newest is looked at, whoever cosigned it"
    said = made.findings[-1].says.say("en")
    assert "1 of 1 witnesses vouch for the first 120 entries" in said
    assert "180 after them" in said


def test_cosignatures_of_another_past_or_of_a_longer_log_are_evidence() -> None:
    eye, handed_out = cosigned_file([entry(900), *ENTRIES[1:120]])
    for files in (log_of(ENTRIES), log_of(ENTRIES[:100])):
        made = audit((files | {WITNESSED: handed_out}).__getitem__, LOG, witnesses=[eye])
        assert (made.findings[-1].check, made.findings[-1].evidence) == ("witnesses", True)
        assert "does not go on from the 120 entries" in made.findings[-1].says.say("en")


def test_cosignatures_of_others_are_too_few_and_a_bent_one_is_evidence() -> None:
    eye, handed_out = cosigned_file(ENTRIES[:120])
    other = key_from("other", Ed25519PrivateKey.generate(), BY_WITNESS)
    made = audit((log_of(ENTRIES) | {WITNESSED: handed_out}).__getitem__, LOG, witnesses=[other])
    assert (made.good, made.evidence) == (False, False)
    bent = handed_out.replace(b"\n120\n", b"\n121\n")
    made = audit((log_of(ENTRIES) | {WITNESSED: bent}).__getitem__, LOG, witnesses=[eye])
    assert (made.good, made.evidence) == (False, True)


def test_a_proof_is_checked_by_itself_and_only_with_the_right_key() -> None:
    text = audit(log_of(ENTRIES).__getitem__, LOG, entry=299).proof.text()
    proof = proof_of(text.encode())
    assert proof.text() == text
    assert audit_proof(proof, LOG).good
    assert not audit_proof(proof, key_from(NAME, Ed25519PrivateKey.generate())).good
    lines = text.split("\n")
    lines[2] = "index 298"
    assert not audit_proof(proof_of("\n".join(lines).encode()), LOG).good


@pytest.mark.parametrize(
    "text", [b"", b"c2sp.org/tlog-proof@v1\nindex 1\n\n", b"c2sp.org/tlog-proof@v1\nextra AA==\nindex 01\n\n"]
)
def test_what_is_no_proof_is_refused(text) -> None:
    with pytest.raises(BadLog):
        proof_of(text)
