"""What waits for the proof that the centre's log holds it: a block, the switch that is turned off, a list of members.
At a whole node, before any centre."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.forms import forms
from bavn.model.intel.indicator import released_content
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError
from bavn.tlog.checkpoint import Checkpoint, cosigned, signed, witness_of
from bavn.tlog.entries import Entry, content_hash, sealed
from bavn.tlog.merkle import EMPTY_ROOT, inclusion, leaf_hash, root
from bavn.tlog.note import key_from, key_of
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.catalogue import SectorSwitched
from bavn.wire.messages.log import LogProof, LogProven
from bavn.wire.partners.stix_indicator import indicator_of
from tests.actor.door.test_witness import TestLog
from tests.sector.hostile_centre import NOW_US, Node, bundle, release

NAME = "evil.com"
INDICATOR = indicator_of(bundle(Observable.of("domain", NAME)))
SALT = b"s" * 32
OTHERS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3)]
KEYS = tuple(witness_of(other.public_key().public_bytes_raw()).text() for other in OTHERS)


class EntryLog(TestLog):
    """A log whose sixth entry tells of this."""

    def __init__(self, kind, fields, content):
        super().__init__()
        self.content = content_hash(content)
        seal = sealed(self.content, SALT)
        self.entry = Entry(kind=kind, at_s=NOW_US // 1_000_000, fields=fields, seal=seal).bytes()
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


class ReleaseLog(EntryLog):
    """One that holds the release."""

    def __init__(self, indicator=INDICATOR, kind="release"):
        super().__init__(kind, {}, released_content(indicator))


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


# --- the sector's switch ------------------------------------------------------------------------------------------


def turn(number, state, **other):
    plain = {
        "number": number,
        "state": state,
        "at_us": NOW_US + number,
        "by": "Anna Berg",
        "why": "it was a false alarm",
    }
    return SectorSwitched(**plain | other)


def switch_log(number=2, to="off", **other):
    said = {"by": "Anna Berg", "why": "it was a false alarm"}
    return EntryLog("switch", {"turn": number, "to": to}, said | other)


@pytest.fixture
def stopped(make_node):
    """A node whose block the sector's switch lifted, without any proof of that."""
    node = make_node()
    log = ReleaseLog()
    node.says(log.shown(7, 0), log.proven(7), release(NAME))
    assert node.blocked() == {NAME}
    node.says(turn(1, "on"))
    assert node.protect.killed
    return node


def test_a_stop_waits_for_no_proof_and_a_later_one_ends_a_turn_that_waits(stopped) -> None:
    assert rules(stopped, "SectorSwitched") == [""]
    assert stopped.on_disk()[0] == ""
    stopped.says(turn(2, "off"), turn(3, "on"))
    log = switch_log()
    stopped.door.witness.book.begin_anew("another log, for this test", NOW_US)
    stopped.says(log.shown(9, 0), log.proven(9))
    later(stopped)
    assert stopped.protect.killed
    assert stopped.protect.state.note("sector_switch_waits") is None


def test_a_switch_that_is_turned_off_waits_for_its_proof(stopped) -> None:
    later_log = switch_log()
    later_log.leaves[:5] = ReleaseLog().leaves[:5]
    stopped.says(turn(2, "off"))
    later(stopped)
    assert (stopped.protect.killed, rules(stopped, "SectorSwitched")) == (True, ["", "switch_proof"])
    stopped.door.witness.book.begin_anew("another log, for this test", NOW_US)
    stopped.says(later_log.shown(9, 0), later_log.proven(9))
    later(stopped)
    assert (stopped.protect.killed, rules(stopped, "SectorSwitched")) == (False, ["", "switch_proof", ""])
    assert NAME in stopped.on_disk()[0]


@pytest.mark.parametrize(
    "log", [switch_log(3), switch_log(to="on"), switch_log(by="Bo Lund"), switch_log(why="because"), ReleaseLog()]
)
def test_what_proves_another_turn_turns_nothing(stopped, log) -> None:
    stopped.door.witness.book.begin_anew("another log, for this test", NOW_US)
    stopped.says(turn(2, "off"), log.shown(9, 0), log.proven(9))
    later(stopped)
    assert stopped.protect.killed


def test_a_switch_whose_proof_came_first_waits_for_nothing(make_node) -> None:
    node, log = make_node(), switch_log()
    node.says(turn(1, "on"), log.shown(9, 0), log.proven(9), turn(2, "off"))
    assert (node.protect.killed, rules(node, "SectorSwitched")) == (False, ["", ""])


def test_a_policy_that_does_not_ask_for_it_turns_the_switch_at_once(tmp_path) -> None:
    node = Node(tmp_path)
    node.says(turn(1, "on"), turn(2, "off"))
    assert not node.protect.killed
    node.close()


def test_a_turn_that_waits_is_done_when_the_policy_stops_asking(make_node) -> None:
    """The way out for people, where half of the sector stays away."""
    node = make_node()
    node.says(turn(1, "on"), turn(2, "off"))
    later(node)
    assert node.protect.killed
    node.protect._intake._policy = ProtectPolicy()
    later(node)
    assert not node.protect.killed


# --- the list of members ------------------------------------------------------------------------------------------

MEMBERS = (("east", 2), ("north", 1), ("south", 3))


def opening(**other):
    plain = {
        "round_id": "ab" * 16,
        "version": 1,
        "epoch": NOW_US // DAY_US,
        "registry_version": 4,
        "tier": "B",
        "t": 3,
        "m": 20,
        "r": 4,
        "forms": forms(),
        "deadline_us": NOW_US + 10 * MINUTE_US,
        "members": tuple(messages.Member(actor=name, x=x) for name, x in MEMBERS),
    }
    return messages.RoundOpened(**plain | other)


def members_log(registry=4, members=MEMBERS):
    return EntryLog("members", {"registry": registry}, [list(each) for each in members])


def uploads(node):
    return [said for said in node.said() if isinstance(said, messages.ShareUpload)]


def test_a_round_waits_for_the_proof_of_its_list_of_members(make_node) -> None:
    node, log = make_node(), members_log()
    node.says(opening())
    later(node)
    assert uploads(node) == []
    assert "proof" in node.door.join()
    node.says(log.shown(9, 0), log.proven(9))
    assert len(uploads(node)) == 1
    other = opening(round_id="cd" * 16, deadline_us=node.clock.now_us() + MINUTE_US)
    node.says(other)
    assert {said.round_id for said in uploads(node)} == {"ab" * 16, "cd" * 16}, "one proof is enough for a list"


@pytest.mark.parametrize(
    "log",
    [members_log(5), members_log(members=MEMBERS[:2]), members_log(members=(*MEMBERS, ("sham", 4))), ReleaseLog()],
)
def test_a_list_that_was_made_for_this_node_is_joined_by_nobody(make_node, log) -> None:
    """The sham is in the round that this node is told of, and not in the log; or the other way round."""
    node = make_node()
    node.says(log.shown(9, 0), log.proven(9), opening())
    node.clock.advance(11 * MINUTE_US)
    node.says()
    assert (uploads(node), rules(node, "ShareUpload")) == ([], ["list_proof"])


@pytest.mark.parametrize(("cosigners", "count"), [(OTHERS[:1], 0), (OTHERS[1:], 1)])
def test_half_of_the_members_must_have_cosigned_the_list(make_node, cosigners, count) -> None:
    node, log = make_node(log_witnesses=KEYS), members_log()
    node.says(log.shown(9, 0), log.proven(9, cosigners), opening())
    assert len(uploads(node)) == count


def test_a_list_that_holds_for_years_needs_no_second_proof(make_node) -> None:
    node, log = make_node(), members_log()
    node.says(log.shown(9, 0), log.proven(9))
    node.clock.advance(500 * DAY_US)
    node.door.witness.forget()
    now_us = node.clock.now_us()
    node.says(opening(epoch=now_us // DAY_US, deadline_us=now_us + 10 * MINUTE_US))
    assert len(uploads(node)) == 1


# --- releases that the log holds, and those that came here ---------------------------------------------------------


def gaps(node):
    found = node.door.witness.watch().releases
    return found.kept_back, found.passed_over, found.waiting


def other_release(name, at_us):
    made = bundle(Observable.of("domain", name), version=at_us)
    return messages.IndicatorReleased(bundle=made), ReleaseLog(indicator_of(made))


def test_a_release_that_the_log_holds_and_that_never_came_is_told_after_a_day(make_node) -> None:
    node, log = make_node(), ReleaseLog()
    node.says(log.shown(5, 0), log.shown(9, 5), log.proven(9))
    node.clock.advance(DAY_US)
    assert gaps(node) == (0, 0, 0)
    node.clock.advance(1)
    assert gaps(node) == (1, 0, 0)
    node.says(release(NAME))
    assert gaps(node) == (0, 0, 0), "it was late"


def test_releases_from_before_this_node_watched_the_log_are_not_missed(make_node) -> None:
    node, log = make_node(), ReleaseLog()
    node.says(log.shown(9, 0), log.proven(9))
    node.clock.advance(2 * DAY_US)
    assert gaps(node) == (0, 0, 0)


def test_a_release_that_later_proofs_pass_over_is_told_and_without_any_the_proofs_are(make_node) -> None:
    node = make_node()
    node.says(TestLog().shown(5, 0))
    node.clock.advance(MINUTE_US)
    node.says(other_release("not-in-the-log.net", node.clock.now_us())[0])
    node.clock.advance(DAY_US + 1)
    assert gaps(node) == (0, 0, 1)
    message, log = other_release("in-the-log.net", node.clock.now_us())
    node.says(message, log.shown(9, 5), log.proven(9))
    assert gaps(node) == (0, 1, 0)


def test_a_release_that_is_proven_is_missed_by_nobody(make_node) -> None:
    node, log = make_node(), ReleaseLog()
    node.says(log.shown(5, 0), release(NAME), log.shown(9, 5), log.proven(9))
    node.clock.advance(30 * DAY_US)
    assert gaps(node) == (0, 0, 0)
