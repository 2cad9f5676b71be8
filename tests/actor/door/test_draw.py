"""The node's value for the draw of an audit: committed to with its upload, opened once the hits are fixed."""

import pytest

from bavn.actor.door.rounds.labels import CENTRE
from bavn.app.node.health.log import log_problems
from bavn.app.node.health.promises import promise_of
from bavn.model.moment import DAY_US
from bavn.tlog.draw import commitment, upload_path, uploads_root
from bavn.tlog.entries import Entry
from bavn.tlog.merkle import inclusion, leaf_hash, root
from bavn.wire.messages.catalogue import ShareUpload
from bavn.wire.messages.log import DrawsOpened, FixedRound, RoundsFixed
from tests.builders import suspicion

from .conftest import Actor, TestCentre
from .test_witness import TestLog

OTHER = "ee" * 32


class FixedLog(TestLog):
    """A log that holds uploads and hits of a round as its entries 5 and 6."""

    __test__ = False

    def __init__(self, round_id, own, seal="ab" * 32, order=(5, 6)):
        super().__init__()
        self.round, self.at, self.tree = round_id, order, [OTHER, own]
        fields = {"round": round_id, "uploads": uploads_root(self.tree), "count": 2}
        self.uploads = Entry(kind="uploads", at_s=1, fields=fields).bytes()
        self.hits = Entry(kind="hits", at_s=1, fields={"round": round_id}, seal=seal).bytes()
        self.leaves[order[0]], self.leaves[order[1]] = leaf_hash(self.uploads), leaf_hash(self.hits)

    def fixed(self, size=10, **other):
        def path(at):
            return tuple(each.hex() for each in inclusion(at, size, self.subtree))

        plain = {
            "round_id": self.round,
            "uploads": self.uploads.decode(),
            "uploads_index": self.at[0],
            "uploads_path": path(self.at[0]),
            "hits": self.hits.decode(),
            "hits_index": self.at[1],
            "hits_path": path(self.at[1]),
            "place": 1,
            "path": upload_path(self.tree, 1),
        }
        rounds = (FixedRound(**plain | other),)
        return RoundsFixed(size=size, root=root(self.leaves[:size]).hex(), rounds=rounds)


def own_upload(node):
    """What the node remembers of its only upload: its round, and the upload's hash."""
    ((round_id, upload),) = node.door.ledger.book.rows("SELECT round, upload FROM draw_upload")
    return round_id, upload


class Drawn:
    """A node that took part in a round."""

    def __init__(self, *suspicions):
        self.centre = TestCentre()
        self.node = Actor("north", self.centre.key, suspicions=suspicions)
        others = [Actor(name, self.centre.key) for name in ("south", "west")]
        self.centre.to(self.node, self.centre.opening([self.node, *others]))
        (self.upload,) = [one for one in self.node.said() if isinstance(one, ShareUpload)]
        self.log = FixedLog(*own_upload(self.node))

    def sees(self, *messages):
        """The values that the node opens."""
        before = len(self._values())
        for message in messages:
            self.centre.to(self.node, message)
        return self._values()[before:]

    def _values(self):
        self.node.said()
        return [each for said in self.node.ever if isinstance(said, DrawsOpened) for each in said.openings]

    def rules(self):
        return [line.rule for line in self.node.ledger.lines() if line.kind == "RoundsFixed"]


@pytest.fixture
def drawn():
    return Drawn(suspicion())


def test_a_value_is_opened_when_uploads_and_hits_are_in_the_log_and_is_what_was_committed_to(drawn) -> None:
    (opening,) = drawn.sees(drawn.log.shown(10, 0), drawn.log.fixed())
    assert commitment(bytes.fromhex(opening.value)) == drawn.upload.draw
    assert opening.round_id == drawn.upload.round_id


def test_what_is_asked_again_is_opened_again_and_other_hits_never(drawn) -> None:
    log = drawn.log
    drawn.sees(log.shown(10, 0), log.fixed())
    assert len(drawn.sees(log.fixed())) == 1
    other = FixedLog(*own_upload(drawn.node), seal="cd" * 32, order=(11, 12))
    other.leaves[:10] = log.leaves[:10]
    assert drawn.sees(other.shown(20, 10), other.fixed(20)) == []
    assert drawn.rules()[-1] == "fixed_once"


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"round_id": "f" * 32}, "fixed_known"),
        ({"uploads_index": 4}, "fixed_in_log"),
        ({"hits_path": ()}, "fixed_in_log"),
        ({"path": ()}, "fixed_own_upload"),
        ({"place": 0}, "fixed_own_upload"),
        ({"place": 900}, "fixed_own_upload"),
    ],
)
def test_what_is_not_proven_opens_nothing(drawn, other, rule) -> None:
    assert drawn.sees(drawn.log.shown(10, 0), drawn.log.fixed(**other)) == []
    assert drawn.rules() == [rule]


def test_hits_before_their_uploads_open_nothing(drawn) -> None:
    log = FixedLog(*own_upload(drawn.node), order=(6, 5))
    assert drawn.sees(log.shown(10, 0), log.fixed()) == []
    assert drawn.rules() == ["fixed_in_log"]


def test_a_checkpoint_that_the_node_did_not_cosign_opens_nothing(drawn) -> None:
    assert drawn.sees(drawn.log.fixed()) == []
    assert drawn.sees(TestLog().shown(10, 0), drawn.log.fixed()) == []
    assert drawn.rules() == ["fixed_seen"] * 2


def test_an_upload_that_was_changed_opens_nothing(drawn) -> None:
    round_id, _ = own_upload(drawn.node)
    log = FixedLog(round_id, "dd" * 32)
    assert drawn.sees(log.shown(10, 0), log.fixed()) == []
    assert drawn.rules() == ["fixed_own_upload"]


def test_an_upload_that_was_changed_is_a_problem_of_the_node_for_a_week(drawn) -> None:
    """In words that say what it means and what is to be done, in every language."""
    round_id, _ = own_upload(drawn.node)
    log, door, clock = FixedLog(round_id, "dd" * 32), drawn.node.door, drawn.node.clock
    drawn.sees(log.shown(10, 0), drawn.log.fixed(uploads_index=4))
    assert door.witness.watch().fixed_otherwise == [], "what is not in the log says nothing of this node's upload"
    drawn.sees(log.fixed(), log.fixed())
    ((kept,),) = door.ledger.book.rows("SELECT entry FROM log_fixed_otherwise")
    assert kept.encode() == log.uploads, "the first of it stays as it stood in the log"
    (problem,) = log_problems(door.witness.watch(), clock.now_us())
    assert (problem.code, promise_of(problem.code)) == ("log_upload_changed", "centre_log")
    english = problem.text.say("en")
    for words in (
        round_id[:8],
        "another",
        "Tell the other members before the centre",
        "bavn node ledger",
        "bavn audit",
    ):
        assert words in english
    assert len({problem.text.say(language) for language in ("en", "da")}) == 2
    clock.advance(7 * DAY_US + 1)
    assert door.witness.watch().fixed_otherwise == []


@pytest.mark.parametrize("left", [False, True])
def test_an_upload_that_came_too_late_does_not_stand_as_sent_alone(drawn, left) -> None:
    door, clock = drawn.node.door, drawn.node.clock
    (sent,) = drawn.node.ledger.lines(kind="ShareUpload")
    (waiting,) = [one for one in door.outbox.waiting(CENTRE) if one.kind == "ShareUpload"]
    door.acknowledged([waiting.seq + 1])
    clock.advance(DAY_US)
    if left:
        door.acknowledged([waiting.seq])
    door.tidy()
    (late,) = drawn.node.ledger.lines(kind="CameLate")
    assert (sent.verdict, late.verdict, late.rule) == ("passed", "refused", "too_late")
    assert (late.item_id, late.summary) == (sent.item_id, "ShareUpload")
    assert ("counts nothing" in late.reason, "before it could leave" in late.reason) == (left, not left)


def test_an_upload_that_the_centre_had_in_time_has_one_line(drawn) -> None:
    door = drawn.node.door
    door.acknowledged([one.seq for one in door.outbox.waiting(CENTRE)])
    drawn.node.clock.advance(DAY_US)
    door.tidy()
    assert drawn.node.ledger.lines(kind="CameLate") == []


def test_what_is_said_has_one_size_whatever_was_uploaded_and_the_value_does_not_depend_on_it() -> None:
    """Twins: one holds an element, the other nothing at all."""
    one, two = Drawn(suspicion()), Drawn()
    (first,) = one.sees(one.log.shown(10, 0), one.log.fixed())
    (second,) = two.sees(two.log.shown(10, 0), two.log.fixed())
    assert first.value == second.value
    assert len(first.signature) == len(second.signature)
