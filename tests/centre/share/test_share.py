"""Gate 3: each rule says no to what it is there for, one line for each item, and letters leave once and in order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.share.outgoing import Outgoing
from bavn.centre.share.share import confidence_of, identity_of
from bavn.model.forms import forms
from bavn.model.intel.indicator import Pap, Tlp, indicator_id
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.received import Observed
from bavn.model.sector.question import Question
from bavn.model.statement import Asking, AskingRadius, Closing, Opening, Releasing, RevealOf, RevealWanted, TagsWanted
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS
from bavn.wire.outbox import OutboxLimits
from bavn.wire.partners.stix_indicator import indicator_of
from tests.builders import CASE, EVIL, NOW_US, block_receipt
from tests.builders import share_request as wish
from tests.centre.share.gate_three import GateThree

ROUND = "0a" * 16


class World(GateThree):
    def __init__(self, engine, outbox_limits=None):
        super().__init__(engine, "east", "north", outbox_limits=outbox_limits)

    def lines(self):
        return list(self.share.post.ledger.every())

    def heard_by(self, name, after=0):
        raws = self.share.pull(name, after)
        opened = [seal.open({"centre": self.key.public_key()}, name, raw, DOWN_KINDS) for raw in raws]
        assert all(isinstance(one, seal.Opened) for one in opened)
        return opened


@pytest.fixture
def world(databases):
    made = World(databases.new())
    yield made
    made.close()


def test_an_indicator_leaves_once_to_each_with_one_line_each(world):
    assert world.share.release([wish()], 1) == {}
    assert world.share.step() == 2
    assert world.share.step() == 0
    for name in ("east", "north"):
        (opened,) = world.heard_by(name)
        made = indicator_of(opened.message.bundle)
        assert (made.observable, made.tlp, made.pap) == (EVIL, Tlp.AMBER, Pap.GREEN)
        assert made.id == indicator_id(EVIL)
        assert made.valid_until_us == NOW_US + 30 * DAY_US
    assert [(line.kind, line.peer, line.verdict) for line in world.lines()] == [
        ("IndicatorReleased", "east", "passed"),
        ("IndicatorReleased", "north", "passed"),
    ]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"grounds": {"approved_by": ""}}, "approved"),
        ({"observable": Observable.of("ip4", "10.0.0.1")}, "external"),
        ({"observable": Observable.of("domain", "printer.lan")}, "external"),
        ({"observable": Observable.trusted(ObservableType.DOMAIN, "Evil.Example.com")}, "canonical"),
        ({"days": 91}, "not_expired"),
        ({"days": 0}, "not_expired"),
        ({"grounds": {"people": ()}}, "two_people"),
        ({"grounds": {"people": ("anne",)}}, "two_people"),
        ({"grounds": {"people": ("anne", "Anne")}}, "two_people"),
        ({"grounds": {"people": ("anne",), "by_hand": True}}, "two_people"),
        ({"grounds": {"groups": 1}}, "two_groups"),
        ({"grounds": {"listed": ("tranco",)}, "pap": Pap.GREEN}, "not_listed"),
        ({"grounds": {"score": 6.9}, "pap": Pap.GREEN}, "block_line"),
        ({"case_id": "case-north-hospital"}, "origin_hidden"),
        ({"technique": "none"}, "written"),
    ],
)
def test_each_rule_refuses_what_it_is_there_for_once_for_all(world, changed, rule):
    refusals = world.share.release([wish(**changed)], 1)
    assert [why.en.split(":")[0] for why in refusals.values()] == [rule]
    world.share.step()
    assert world.heard_by("east") == []
    assert [(line.verdict, line.rule) for line in world.lines()] == [("refused", rule)]


@pytest.mark.parametrize(
    ("listed", "readers", "rule"),
    [
        ((), ("anne",), "would_break"),
        ((), ("anne", "bo"), None),
        (("listed",), ("anne", "bo"), None),
        (("listed", "not_listed"), ("anne", "bo"), None),
        (("listed", "register"), ("anne", "bo"), "not_listed"),
    ],
)
def test_where_two_have_read_what_it_would_break_both_lists_may_speak_for_it_and_no_more(world, listed, readers, rule):
    known = Observable.of("domain", "api.ipify.org")
    refusals = world.share.release(
        [wish(observable=known, pap=Pap.GREEN, grounds={"listed": listed, "read_by": readers})], 1
    )
    assert [why.en.split(":")[0] for why in refusals.values()] == [rule] * bool(rule)


@pytest.mark.parametrize("grounds", [{"listed": ("tranco",)}, {"score": 3.0}])
def test_what_may_not_block_may_still_be_watched(world, grounds):
    assert world.share.release([wish(grounds=grounds)], 1) == {}
    world.share.step()
    (opened,) = world.heard_by("east")
    assert indicator_of(opened.message.bundle).pap is Pap.AMBER


def test_an_order_carried_out_twice_changes_nothing(world):
    for _ in range(2):
        world.share.release([wish()], 1)
        world.share.step()
    assert len(world.lines()) == 2
    world.clock.advance(MINUTE_US)
    assert len(world.share.withdraw(CASE)) == 1
    assert world.share.withdraw(CASE) == []
    world.share.step()
    assert [opened.encoded.kind for opened in world.heard_by("east")] == ["IndicatorReleased", "IndicatorWithdrawn"]


def test_a_second_release_is_a_higher_version_of_the_same_indicator(world):
    for order in (1, 2):
        world.share.release([wish(days=30 + order)], order)
        world.share.step()
    first, second = (indicator_of(opened.message.bundle) for opened in world.heard_by("east"))
    assert first.id == second.id
    assert second.version > first.version


def test_a_letter_that_finds_no_room_is_tried_again_and_never_lost(databases):
    world = World(databases.new(), OutboxLimits(messages_max=1))
    try:
        world.share.say(Closing(to="east", round_id=ROUND))
        world.share.release([wish()], 1)
        world.share.step()
        assert [opened.encoded.kind for opened in world.heard_by("east")] == ["RoundClosed"]
        world.heard_by("east", after=1)
        world.share.step()
        assert world.heard_by("east", after=1) == []
        world.clock.advance(MINUTE_US)
        world.share.step()
        assert [opened.encoded.kind for opened in world.heard_by("east", after=1)] == ["IndicatorReleased"]
    finally:
        world.close()


def test_round_messages_leave_in_order_once_and_to_members_only(world):
    opening = Opening(
        to="east",
        round_id=ROUND,
        version=1,
        epoch=20_000,
        registry_version=1,
        tier="A",
        t=2,
        m=10,
        r=4,
        forms=forms(),
        deadline_us=NOW_US + MINUTE_US,
        members=(("east", 1), ("north", 2)),
    )
    said = [
        opening,
        TagsWanted(to="east", round_id=ROUND, cells=((0, 1), (2, 3))),
        RevealWanted(to="east", round_id=ROUND, items=(RevealOf(0, 1, (b"t" * 32,)),)),
        Closing(to="east", round_id=ROUND),
    ]
    for one in (*said, *said):
        assert world.share.say(one) is None
    kinds = [opened.encoded.kind for opened in world.heard_by("east")]
    assert kinds == ["RoundOpened", "ReceiptsAsked", "RevealAsked", "RoundClosed"]
    assert len(world.lines()) == 4
    refused = world.share.say(replace(opening, to="nobody-here"))
    assert isinstance(refused, Refused)
    assert refused.rule == "to_member"
    world.clock.advance(2 * MINUTE_US)
    world.share.step()
    assert next(opened.encoded.kind for opened in world.heard_by("east")) == "ReceiptsAsked"


def test_a_newcomer_is_owed_what_is_live_and_nothing_that_was_withdrawn(world):
    other = Observable.of("domain", "other.example.net")
    world.share.release([wish(), wish(observable=other, case_id="case-00000000000000bb")], 1)
    world.share.step()
    world.share.withdraw("case-00000000000000bb")
    world.share.step()
    world.actors.names.append("west")
    world.share.step()
    assert [indicator_of(o.message.bundle).observable for o in world.heard_by("west")] == [EVIL]
    world.open()
    world.share.step()
    assert len(world.heard_by("west")) == 1


def test_receipts_and_sightings_are_kept_as_the_centre_got_them(world):
    world.share.release([wish()], 1)
    world.share.step()
    wanted = indicator_id(EVIL)
    receipt = block_receipt(wanted, state="waiting", enforcers=(), rule="person", received_us=NOW_US + 1)
    assert world.share.heard(receipt) is None
    done = replace(receipt, state="enforced", enforcers=("rpz", "text_list"), rule=None, received_us=NOW_US + 9)
    assert world.share.heard(done) == CASE
    assert world.share.heard(replace(done, received_us=NOW_US + 99)) == CASE
    east, north = world.share.deliveries.at_actors(wanted)
    assert (east.state, east.enforcers, east.enforced_us) == ("enforced", ("rpz", "text_list"), NOW_US + 9)
    assert (north.state, north.enforced_us, north.queued_us) == ("", None, NOW_US)
    for bucket, first, last in ((1, 50, 60), (3, 40, 45)):
        seen = Observed(
            item_id="o",
            actor="east",
            indicator_id=wanted,
            kind="retro",
            count_bucket=bucket,
            first_hour=first,
            last_hour=last,
            received_us=NOW_US,
        )
        world.share.heard(seen)
    (kept,) = world.share.deliveries.sightings(wanted)
    assert (kept.count_bucket, kept.first_hour, kept.last_hour) == (3, 40, 60)


def test_a_receipt_for_what_was_never_released_is_no_block(world):
    assert world.share.heard(block_receipt(indicator_id(EVIL), version=1)) is None


@given(st.floats(-30, 60))
def test_confidence_grows_with_the_score_and_stays_honest(score):
    assert 50 <= confidence_of(score) <= 95
    assert confidence_of(score) <= confidence_of(score + 1)


def test_the_author_is_the_sector_and_grounds_never_travel(world):
    """What stays at the centre: score, groups, who approved."""
    assert identity_of("health") != identity_of("energy")
    assert identity_of("health").startswith("identity--")
    world.share.release([wish(grounds={"score": 8.765, "approved_by": "anne-of-the-north"})], 1)
    world.share.step()
    (opened,) = world.heard_by("east")
    assert b"anne-of-the-north" not in opened.encoded.body
    assert b"8.765" not in opened.encoded.body
    said = Releasing(to="east", indicator=indicator_of(opened.message.bundle), created_us=NOW_US)
    assert world.share.post.try_on(Outgoing(said)).rule == "approved"


QUESTION = Question(
    id="0d" * 16,
    observables=(EVIL,),
    since_hour=470_000,
    to=("north",),
    why="a partner saw it",
    asked_by="anne",
    asked_us=NOW_US,
    until_us=NOW_US + 7 * DAY_US,
    approved_by="bo",
    approved_us=NOW_US,
)


@pytest.mark.parametrize(
    ("to", "changes", "rule"),
    [
        ("north", {}, ""),
        ("north", {"approved_by": None}, "question"),
        ("north", {"approved_us": None}, "question"),
        ("north", {"ended_us": NOW_US}, "question"),
        ("north", {"until_us": NOW_US}, "question"),
        ("north", {"observables": (EVIL, Observable.of("ip4", "10.1.2.3"))}, "question"),
        ("east", {}, "question"),
        ("west", {"to": ("west",)}, "to_member"),
    ],
)
def test_a_question_goes_out_once_and_only_with_somebody_behind_it(world, to, changes, rule) -> None:
    said = Asking(to=to, question=replace(QUESTION, **changes))
    refused = world.share.say(said)
    assert (refused.rule if refused else "") == rule
    assert world.share.say(said) is None or rule
    opened = world.heard_by(to) if rule != "to_member" else []
    assert len(opened) == (0 if rule else 1)
    if not rule:
        asked = opened[0].message
        assert (asked.asked_by, asked.approved_by, asked.why) == ("anne", "bo", "a partner saw it")
        assert [one.value for one in asked.observables] == [EVIL.value]


@pytest.mark.parametrize(
    ("kind", "changes", "rule"),
    [
        (AskingRadius, {}, ""),
        (AskingRadius, {"observables": (EVIL, Observable.of("ip4", "45.9.148.20"))}, "question"),
        (AskingRadius, {"approved_by": "anne"}, "question"),
        (AskingRadius, {"about": ""}, "question"),
        (Asking, {}, "question"),
    ],
)
def test_a_radius_is_asked_of_one_indicator_that_two_people_stand_behind(world, kind, changes, rule) -> None:
    question = replace(QUESTION, **{"about": "indicator--x"} | changes)
    refused = world.share.say(kind(to="north", question=question))
    assert (refused.rule if refused else "") == rule
    assert [type(one.message).__name__ for one in world.heard_by("north")] == ([] if rule else ["RadiusAsked"])
