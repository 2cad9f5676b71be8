"""The node as a witness of the centre's log: what it cosigns, what it never does, and what it keeps as evidence."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.rounds.labels import CENTRE
from bavn.model.moment import MINUTE_US
from bavn.tlog.checkpoint import Checkpoint, line_by, opened, signed, witness_of, witnessed
from bavn.tlog.merkle import consistency, leaf_hash, root
from bavn.tlog.note import key_from, key_of, note_of
from bavn.wire.messages.log import LogSeen, LogShown
from tests.builders import suspicion

from .conftest import Actor, TestCentre

LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


class TestLog:
    """A log that a centre shows: one history, or another that parts from it at ``parts``."""

    __test__ = False

    def __init__(self, parts=10**9, name="bavn/test", key=LOG):
        self.leaves = [leaf_hash(f"{n if n < parts else -n}".encode()) for n in range(200)]
        self.name, self.key = name, key

    def subtree(self, start, end):
        return root(self.leaves[start:end])

    def shown(self, size, since, **other):
        checkpoint = Checkpoint(self.name, size, root(self.leaves[:size]))
        proof = tuple(each.hex() for each in consistency(since, size, self.subtree)) if since <= size else ()
        plain = {
            "key": key_from(self.name, self.key).text(),
            "checkpoint": signed(checkpoint, self.key).text(),
            "since": since,
            "proof": proof,
        }
        return LogShown(**plain | other)


class Watched:
    """A node, the centre that shows it a log, and what it said."""

    def __init__(self, **other):
        self.centre = TestCentre()
        self.node = Actor("north", self.centre.key, **other)
        self.book = self.node.door.witness.book

    def sees(self, message):
        self.centre.to(self.node, message)
        return [said for said in self.node.said() if isinstance(said, LogSeen)]

    def rules(self):
        lines = [line for line in self.node.ledger.lines() if line.kind == "LogShown"]
        return [line.rule for line in lines]


@pytest.fixture
def watched():
    return Watched()


def holds(said, message, node):
    """Whether what was said is a cosignature of that checkpoint that anybody can check."""
    witness = witness_of(node.key.public_key().public_bytes_raw())
    line = line_by(witness, said.minute * 60, bytes.fromhex(said.cosignature))
    note = note_of(message.checkpoint.encode()).with_lines([line])
    return opened(note, key_of(message.key)).size == said.size and list(witnessed(note, [witness])) == [witness.name]


def test_each_checkpoint_that_goes_on_is_cosigned(watched) -> None:
    log = TestLog()
    for since, size in ((0, 3), (3, 3), (3, 40), (40, 200)):
        message = log.shown(size, since)
        (said,) = watched.sees(message)
        assert holds(said, message, watched.node)
        assert (said.size, said.root) == (size, root(log.leaves[:size]).hex())
    assert watched.rules() == [""] * 4
    standing = watched.book.standing()
    assert (standing.size, standing.checked, watched.book.evidence()) == (200, 4, [])


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (TestLog(parts=10).shown(60, 50), "log_other_past"),
        (TestLog(parts=10).shown(50, 50), "log_other_past"),
        (TestLog().shown(60, 50, proof=("0" * 64,)), "log_other_past"),
        (TestLog().shown(49, 0), "log_shorter"),
        (TestLog(name="bavn/other").shown(60, 50), "log_origin"),
        (TestLog(key=OTHER).shown(60, 50), "log_origin"),
        (TestLog(key=OTHER).shown(60, 50, key=key_from("bavn/test", LOG).text()), "log_signature"),
    ],
)
def test_a_log_that_does_not_go_on_is_never_cosigned_and_both_checkpoints_are_kept(watched, message, rule) -> None:
    before = TestLog().shown(50, 0)
    watched.sees(before)
    assert watched.sees(message) == watched.sees(message) == []
    assert watched.rules() == ["", rule, rule]
    (evidence,) = watched.book.evidence()
    assert (evidence.rule, evidence.kept, evidence.shown) == (rule, before.checkpoint, message.checkpoint)
    assert evidence.done_us is None
    (said,) = watched.sees(TestLog().shown(70, 50))
    assert said.cosignature, "the log that it was goes on"


def test_a_proof_from_elsewhere_shows_nothing_and_a_better_one_is_asked_for(watched) -> None:
    log = TestLog()
    watched.sees(log.shown(50, 0))
    (said,) = watched.sees(log.shown(80, 60))
    assert (said.size, said.cosignature) == (50, "")
    assert watched.sees(log.shown(80, 20)) == [], "once a minute is enough"
    assert watched.book.evidence() == []
    watched.node.clock.advance(2 * MINUTE_US)
    assert len(watched.sees(log.shown(80, 60))) == 1
    assert watched.sees(log.shown(80, 50))[0].cosignature
    assert watched.rules() == ["", *["log_since"] * 3, ""]


def test_a_node_that_lost_its_memory_asks_for_a_proof_from_nothing(watched) -> None:
    (said,) = watched.sees(TestLog().shown(80, 60))
    assert (said.size, said.cosignature) == (0, "")
    assert watched.sees(TestLog().shown(80, 0))[0].cosignature


@pytest.mark.parametrize("wrong", [{"key": "no key"}, {"checkpoint": "no note"}, {"key": witness_of(b"w" * 32).text()}])
def test_what_is_no_checkpoint_is_refused(watched, wrong) -> None:
    assert watched.sees(TestLog().shown(5, 0, **wrong)) == []
    assert watched.rules() == ["log_form"]


def test_a_person_begins_anew_and_the_evidence_stays(watched) -> None:
    watched.sees(TestLog().shown(50, 0))
    watched.sees(TestLog(name="bavn/test/2").shown(20, 0))
    assert watched.book.begin_anew("Anna", watched.node.clock.now_us()) == 1
    assert watched.sees(TestLog(name="bavn/test/2").shown(20, 0))[0].cosignature
    (evidence,) = watched.book.evidence()
    assert (evidence.rule, evidence.done_by) == ("log_origin", "Anna")


@settings(max_examples=10)
@given(
    host=st.ip_addresses(v=4, network="10.0.0.0/8"),
    second=st.integers(0, 59),
    count=st.integers(0, 3),
)
def test_what_a_witness_says_is_the_same_whatever_stays_at_home(host, second, count) -> None:
    """Byte for byte, the same within a minute."""
    private = [suspicion(id=f"{at:032x}", host=str(host)) for at in range(count)]
    one, two = Watched(), Watched(suspicions=private)
    two.node.clock.advance(second * 1_000_000)
    for watched in (one, two):
        watched.sees(TestLog().shown(50, 0))
        watched.sees(TestLog().shown(80, 60))
    assert one.node.sealed() == two.node.sealed()
    assert one.node.door.outbox.waiting(CENTRE, 0)
