"""A block that waits for the proof that the centre's log holds its release: at a whole node, before any centre."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.intel.indicator import released_content
from bavn.model.moment import MINUTE_US
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError
from bavn.tlog.checkpoint import Checkpoint, cosigned, signed, witness_of
from bavn.tlog.entries import Entry, content_hash, sealed
from bavn.tlog.merkle import EMPTY_ROOT, inclusion, leaf_hash, root
from bavn.tlog.note import key_from, key_of
from bavn.wire.messages.log import LogProof, LogProven
from bavn.wire.partners.stix_indicator import indicator_of
from tests.actor.door.test_witness import TestLog
from tests.sector.hostile_centre import NOW_US, Node, bundle, release

NAME = "evil.com"
INDICATOR = indicator_of(bundle(Observable.of("domain", NAME)))
SALT = b"s" * 32
OTHERS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3)]
KEYS = tuple(witness_of(other.public_key().public_bytes_raw()).text() for other in OTHERS)


class ReleaseLog(TestLog):
    """A log whose sixth entry is the release."""

    def __init__(self, indicator=INDICATOR, kind="release"):
        super().__init__()
        self.content = content_hash(released_content(indicator))
        self.entry = Entry(kind=kind, at_s=NOW_US // 1_000_000, fields={}, seal=sealed(self.content, SALT)).bytes()
        self.leaves[5] = leaf_hash(self.entry)

    def proven(self, size, cosigners=(), **other):
        note = signed(Checkpoint(self.name, size, root(self.leaves[:size])), self.key)
        nothing = Checkpoint("", 0, EMPTY_ROOT)
        for key in cosigners:
            name = witness_of(key.public_key().public_bytes_raw()).name
            log = key_of(key_from(self.name, self.key).text())
            line = cosigned(note, log, seen=nothing, proof=[], name=name, key=key, now_s=1).line
            note = note.with_lines([line])
        plain = {
            "entry": self.entry.decode(),
            "index": 5,
            "path": tuple(each.hex() for each in inclusion(5, size, self.subtree)),
            "content": self.content,
            "salt": SALT.hex(),
        }
        return LogProven(checkpoint=note.text(), proofs=(LogProof(**plain | other),))


@pytest.fixture
def make_node(tmp_path):
    made = []

    def make(**policy):
        made.append(Node(tmp_path, protect=ProtectPolicy(log_proof=True, **policy)))
        return made[-1]

    yield make
    for node in made:
        node.close()


def rules(node, kind):
    return [line.rule for line in node.door.ledger.lines() if line.kind == kind]


def later(node):
    node.clock.advance(2 * MINUTE_US)
    node.says()


def test_a_block_waits_for_its_proof_and_is_in_force_when_it_comes(make_node) -> None:
    node, log = make_node(), ReleaseLog()
    node.says(log.shown(5, 0), release(NAME))
    assert node.blocked() == set()
    item = node.protect.state.item(INDICATOR.id)
    assert (item.standing, item.rule) == ("waiting", "log_proof")
    node.says(log.shown(9, 5), log.proven(9))
    later(node)
    assert node.blocked() == {NAME}


def test_a_proof_that_came_before_its_release_counts(make_node) -> None:
    node, log = make_node(), ReleaseLog()
    node.says(log.shown(9, 0), log.proven(9), release(NAME))
    assert node.blocked() == {NAME}


def test_a_person_may_put_it_into_force_without_one(make_node) -> None:
    node = make_node()
    node.says(release(NAME))
    node.protect.approve(INDICATOR.id, "Anna")
    assert node.blocked() == {NAME}


@pytest.mark.parametrize(
    ("log", "other", "rule"),
    [
        (ReleaseLog(), {"salt": "0" * 64}, "log_included"),
        (ReleaseLog(), {"index": 4}, "log_included"),
        (ReleaseLog(), {"content": "0" * 64}, "log_included"),
        (ReleaseLog(kind="withdrawal"), {}, "log_included"),
        (ReleaseLog(replace(INDICATOR, valid_until_us=INDICATOR.valid_until_us + 1)), {}, ""),
    ],
)
def test_what_proves_something_else_puts_nothing_into_force(make_node, log, other, rule) -> None:
    node = make_node()
    node.says(log.shown(9, 0), log.proven(9, **other), release(NAME))
    later(node)
    assert (node.blocked(), rules(node, "LogProven")) == (set(), [rule])


def test_a_proof_from_a_history_that_was_made_for_this_node_alone_is_none(make_node) -> None:
    """The checkpoint holds the release, under the log's own signature; the node cosigned another one."""
    node = make_node()
    node.says(ReleaseLog().proven(9))
    node.says(TestLog().shown(9, 0), ReleaseLog().proven(9), ReleaseLog().proven(8), release(NAME))
    assert (node.blocked(), rules(node, "LogProven")) == (set(), ["log_not_seen"] * 3)


@pytest.mark.parametrize(("cosigners", "blocked"), [((), set()), (OTHERS[:1], set()), (OTHERS[1:], {NAME})])
def test_half_of_the_members_whose_keys_are_known_must_have_cosigned(make_node, cosigners, blocked) -> None:
    node, log = make_node(log_witnesses=KEYS), ReleaseLog()
    node.says(log.shown(9, 0), log.proven(9, cosigners), release(NAME))
    assert node.blocked() == blocked


def test_a_policy_that_does_not_ask_for_it_acts_as_before(tmp_path) -> None:
    node = Node(tmp_path)
    node.says(release(NAME))
    assert node.blocked() == {NAME}
    node.close()


@pytest.mark.parametrize("wrong", ["no key", key_from("bavn/test", OTHERS[0]).text()])
def test_a_key_that_is_no_witnesss_is_a_mistake_of_the_policy(wrong) -> None:
    with pytest.raises(SettingsError):
        ProtectPolicy(log_witnesses=(wrong,))
