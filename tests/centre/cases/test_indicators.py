"""Indicators as people work on them: the table, two people, compare and set, the audit line, checks before release."""

import threading
from dataclasses import replace

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.indicators.indicators import Bounds, ChangedInBetween, Indicators, UnknownLife
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.intel.indicator import Pap
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.received import Observed
from bavn.model.sector.case import CaseAct, NotNow
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.rehearsal.clock import SimClock
from tests.builders import block_receipt, lead_facts, standing_policy

NOW_US = 20_000 * DAY_US
EVIL, OTHER = Observable.of("domain", "evil.example.com"), Observable.of("ip4", "185.32.20.6")
LISTED = Observable.of("domain", "shop.example.org")
OWN = Observable.of("domain", "sundhed.example.net")


class World:
    def __init__(self, engine, **settings):
        self.clock, self.engine = SimClock(NOW_US), engine
        self.settings = IndicatorSettings(**settings)
        bounds = Bounds(registered=frozenset({OWN}), listed=lambda one: ("tranco",) if one == LISTED else ())
        self.book = Indicators(engine, self.clock, self.settings, bounds)
        self.cases = Cases(engine, self.clock)
        self.upkeep = Upkeep(self.book, self.cases.policies)

    def draft(self, observable=EVIL, **other):
        return self.book.draft(observable, account("anna"), "a partner named it", technique="T1071.001", **other)

    def released(self, observable=EVIL, **other):
        """Through all steps, carried out."""
        life = self.draft(observable, **other)
        self.book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
        self.book.act(life.id, LifeAct.APPROVE, account("bo"), "agreed")
        return self.carried_out(self.book.act(life.id, LifeAct.RELEASE, account("anna"), "go"))

    def carried_out(self, life):
        self.book.done(life.id, life.order_no, self.clock.now_us() + life.days * DAY_US)
        return self.book.get(life.id)

    def met(self, life, group, **other):
        hour = self.clock.now_us() // HOUR_US
        said = Observed(
            item_id="i",
            actor=group,
            indicator_id=life.id,
            kind="blocked",
            count_bucket=2,
            first_hour=hour,
            last_hour=hour,
            received_us=self.clock.now_us(),
        )
        self.upkeep.heard(replace(said, **other), group)

    def said(self, life, group, state="lifted", rule="rolled_back"):
        said = {"actor": group, "version": 1, "state": state, "enforcers": (), "rule": rule}
        receipt = block_receipt(life.id, received_us=self.clock.now_us(), **said)
        self.upkeep.heard(receipt, group)

    def wait(self, days):
        self.clock.advance(round(days * DAY_US))
        self.upkeep.step()


@pytest.fixture
def make_world(databases):
    engines = []

    def make(**settings):
        engines.append(databases.new())
        return World(engines[-1], **settings)

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def world(make_world):
    return make_world()


def test_from_draft_to_release_with_two_people_and_a_line_for_each_step(world) -> None:
    life = world.released()
    assert (life.state, life.wanted, life.order_no, life.people) == (
        LifeState.RELEASED,
        True,
        1,
        (account("anna"), account("bo")),
    )
    assert life.until_us == NOW_US + 30 * DAY_US
    lines = world.book.history(life.id)
    assert [(line.who, line.act) for line in lines] == [
        ("anna", "indicator-draft"),
        ("anna", "indicator-review"),
        ("bo", "indicator-approve"),
        (account("anna"), "indicator-release"),
    ]
    assert all("why" in line.detail for line in lines)
    assert audit.verify(world.engine) is None


def test_one_person_alone_never_lets_a_block_go(world) -> None:
    life = world.draft()
    world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    for name in (account("anna"), account("ANNA")):
        with pytest.raises(NotAllowed, match="two different people"):
            world.book.act(life.id, LifeAct.APPROVE, name, "me too")
        with pytest.raises(NotAllowed, match="somebody else"):
            world.book.act(life.id, LifeAct.RELEASE, name, "go")
    assert world.book.get(life.id).state is LifeState.REVIEW
    assert world.book.act(life.id, LifeAct.RELEASE, account("bo"), "go").wanted


def test_one_person_is_enough_for_what_is_only_watched(world) -> None:
    life = world.draft(pap=Pap.AMBER)
    world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    assert world.book.act(life.id, LifeAct.RELEASE, account("anna"), "watch it").wanted


def test_a_review_forgets_who_agreed_before(world) -> None:
    life = world.released()
    world.book.act(life.id, LifeAct.WITHDRAW, account("carl"), "a mistake")
    world.book.act(life.id, LifeAct.REVIEW, account("carl"), "again")
    assert world.book.get(life.id).people == (account("carl"),)
    with pytest.raises(NotAllowed):
        world.book.act(life.id, LifeAct.RELEASE, account("carl"), "go")


@pytest.mark.parametrize("act", [LifeAct.STOP, LifeAct.EXPIRE, LifeAct.RETIRE, LifeAct.REFUSE])
def test_the_centres_own_acts_are_nobody_elses(world, act) -> None:
    life = world.released()
    with pytest.raises(NotAllowed, match="centre's own"):
        world.book.act(life.id, act, account("anna"), "because")


@pytest.mark.parametrize("who", ["centre", "policy:1", ""])
def test_a_program_is_no_person(world, who) -> None:
    life = world.draft()
    with pytest.raises(NotAllowed):
        world.book.act(life.id, LifeAct.REVIEW, who, "because")


def test_a_step_needs_its_reason_its_place_and_the_newest_revision(world) -> None:
    life = world.draft()
    with pytest.raises(ValueError, match="reason"):
        world.book.act(life.id, LifeAct.REVIEW, account("anna"), " ")
    with pytest.raises(NotNow):
        world.book.act(life.id, LifeAct.RELEASE, account("anna"), "go")
    with pytest.raises(UnknownLife):
        world.book.act("indicator--0", LifeAct.REVIEW, account("anna"), "why")
    assert len(world.book.history(life.id)) == 1
    world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look", rev=life.rev)
    with pytest.raises(ChangedInBetween):
        world.book.act(life.id, LifeAct.APPROVE, account("bo"), "agreed", rev=life.rev)


def test_of_many_who_release_at_once_one_wins(tmp_path, databases) -> None:
    engine = databases.at(tmp_path)
    world = World(engine)
    life = world.draft()
    world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    outcomes = []

    def go(name) -> None:
        try:
            world.book.act(life.id, LifeAct.RELEASE, name, "go")
            outcomes.append("released")
        except (NotNow, ChangedInBetween):
            outcomes.append("too late")

    threads = [threading.Thread(target=go, args=(account(f"person{n}"),)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["released", *["too late"] * 5]
    assert world.book.get(life.id).order_no == 1
    assert audit.verify(engine) is None
    engine.dispose()


@pytest.mark.parametrize(
    ("observable", "pap", "stops"),
    [
        (LISTED, Pap.GREEN, {"not_listed"}),
        (LISTED, Pap.AMBER, set()),
        (OWN, Pap.GREEN, {"register"}),
        (Observable.of("ip4", "10.0.0.7"), Pap.AMBER, {"external"}),
        (Observable.of("domain", "printer.lan"), Pap.AMBER, {"external"}),
        (EVIL, Pap.GREEN, set()),
    ],
)
def test_warning_lists_and_plausibility_are_looked_at_before_release(world, observable, pap, stops) -> None:
    life = world.draft(observable, pap=pap)
    life = world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    assert {check.name for check in life.checks if check.stops} == stops
    assert all(check.words.en != check.words.da for check in life.checks)
    if stops:
        with pytest.raises(NotAllowed, match=next(iter(stops))):
            world.book.act(life.id, LifeAct.RELEASE, account("bo"), "go")
    else:
        assert world.book.act(life.id, LifeAct.RELEASE, account("bo"), "go").wanted


def lead(*elements):
    return lead_facts(*elements, first_hour=480_000, first_report_us=NOW_US, lead_us=NOW_US)


def test_a_draft_of_a_case_carries_what_the_reports_say(world) -> None:
    weak = ElementFacts(OTHER, 3.0, 1, False, 2, detectors=("beacon",))
    case = world.cases.open(lead(ElementFacts(EVIL, 9.0, 3, False, 2, detectors=("beacon", "dga")), weak))
    first, second = (world.book.draft_of_case(case, e, account("anna"), "try") for e in case.facts.elements)
    assert first.evidence.producers == ("detector:beacon", "detector:dga")
    assert world.book.act(first.id, LifeAct.REVIEW, account("anna"), "look").checks == ()
    checks = world.book.act(second.id, LifeAct.REVIEW, account("anna"), "look").checks
    assert {check.name for check in checks if check.stops} == {"two_groups", "block_line"}


def test_a_refusal_of_gate_3_brings_it_back_to_review_with_the_reason(world) -> None:
    life = world.draft()
    world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    world.book.act(life.id, LifeAct.RELEASE, account("bo"), "go")
    world.book.refused(life.id, 7, "of another order")
    assert world.book.get(life.id).wanted
    world.book.refused(life.id, 1, "not_listed: something speaks for it")
    life = world.book.get(life.id)
    assert (life.state, life.wanted, life.refusal) == (LifeState.REVIEW, False, "not_listed: something speaks for it")
    assert world.book.orders() == ()


def test_two_people_pass_the_ring_over_and_one_does_not(world) -> None:
    life = world.released()
    assert not world.book.hurry(life.id, account("anna"), "it burns").now
    with pytest.raises(NotAllowed):
        world.book.hurry(life.id, account("Anna"), "it burns")
    assert not world.book.get(life.id).now
    assert world.book.hurry(life.id, account("bo"), "it burns").now
    with pytest.raises(NotAllowed):
        world.book.hurry(life.id, account("carl"), "me too")


# --- by themselves ---------------------------------------------------------------------------------------------------


def test_it_decays_and_a_true_sighting_refreshes_it(make_world) -> None:
    world = make_world(half_life_domain_days=10.0)
    life = world.released(days=90)
    world.wait(14)
    assert world.book.get(life.id).state is LifeState.RELEASED
    world.wait(1.3)
    life = world.book.get(life.id)
    assert (life.state, life.wanted, life.order_no) == (LifeState.EXPIRED, False, 2)
    assert "worth 24" in life.why
    assert [one.id for one in world.book.orders()] == [life.id]
    world = make_world(half_life_domain_days=10.0)
    life = world.released(days=30)
    for _ in range(6):
        world.wait(9)
        world.met(life, "east")
        world.upkeep.step()
        world.carried_out(world.book.get(life.id))
    kept = world.book.get(life.id)
    assert kept.state is LifeState.RELEASED
    assert kept.until_us > world.clock.now_us() + 15 * DAY_US
    refreshed = [line for line in world.book.history(life.id) if line.act == "indicator-refresh"]
    assert 2 <= len(refreshed) == kept.order_no - 1
    assert {line.who for line in refreshed} == {"centre"}
    world.wait(40)
    assert world.book.get(life.id).state is LifeState.EXPIRED


def test_a_hit_long_ago_and_nothing_met_refresh_nothing(world) -> None:
    life = world.released()
    world.wait(20)
    world.met(life, "east", kind="retro", count_bucket=0, first_hour=None, last_hour=None)
    world.met(life, "north", kind="retro", first_hour=10, last_hour=NOW_US // HOUR_US - 100)
    world.upkeep.step()
    assert world.book.get(life.id).order_no == 1


def test_one_group_cannot_sink_what_two_would(world) -> None:
    life = world.released(confidence=95)
    for _ in range(5):
        world.said(life, "east")
        world.said(life, "east", "lifted", "lifted_by_hand")
    world.upkeep.step()
    assert world.book.get(life.id).state is LifeState.RELEASED
    world.said(life, "north", "lifted", "kill_switch")
    world.said(life, "north", "lifted", "expired")
    world.upkeep.step()
    assert world.book.get(life.id).state is LifeState.RELEASED
    world.said(life, "north", "lifted", "lifted_by_hand")
    world.upkeep.step()
    life = world.book.get(life.id)
    assert (life.state, life.wanted) == (LifeState.WITHDRAWN, False)
    assert "2 groups found it wrong" in life.why


def test_what_many_meet_is_not_retired_by_two(world) -> None:
    life = world.released()
    for group in ("a", "b", "c"):
        world.met(life, group)
    for group in ("x", "y"):
        world.said(life, group)
    world.upkeep.step()
    assert world.book.get(life.id).state is LifeState.RELEASED
    standing = world.upkeep.standing(world.book.get(life.id), world.clock.now_us())
    assert (len(standing.true_groups), len(standing.false_groups)) == (3, 2)
    assert standing.worth == 47


def test_its_end_comes_without_a_delist(world) -> None:
    life = world.released(days=3)
    world.wait(3.1)
    life = world.book.get(life.id)
    assert (life.state, life.why) == (LifeState.EXPIRED, "its end came")


def test_a_producer_of_noise_is_retired_with_its_policy_and_restored_by_hand(make_world) -> None:
    world = make_world(noise_outcomes_min=5)
    for n in range(6):
        life = world.released(Observable.of("domain", f"bad{n}.example.com"), producers=["source:feed-a"])
        world.said(life, "east")
        world.said(life, "north")
        world.upkeep.step()
        assert ("source:feed-a" in world.book.retired()) == (n >= 4)
    assert "of its indicators were found wrong" in world.book.retired()["source:feed-a"]
    (feed,) = [one for one in world.upkeep.producers() if one.name == "source:feed-a"]
    assert (feed.true, feed.false) == (0, 6)
    life = world.draft(EVIL, producers=["source:feed-a"])
    assert "noisy" in {check.name for check in world.book.act(life.id, LifeAct.REVIEW, account("anna"), "look").checks}
    with pytest.raises(NotAllowed):
        world.upkeep.restore("source:feed-b", account("anna"), "mended")
    world.upkeep.restore("source:feed-a", account("anna"), "mended")
    assert "source:feed-a" not in world.book.retired()
    assert audit.verify(world.engine) is None


def test_a_retired_detector_alone_no_longer_feeds_a_standing_policy(make_world) -> None:
    world = make_world()
    made = world.cases.policies.propose(standing_policy(groups_min=2, until_us=NOW_US + 10 * DAY_US), account("anna"))
    world.cases.policies.approve(made.id, account("bo"))
    world.upkeep.retire("detector:beacon", account("anna"), "an update changed every client")
    world.cases.open(lead(ElementFacts(EVIL, 9.0, 3, False, 2, detectors=("beacon",))))
    assert world.cases.apply_policies() == []
    world.upkeep.restore("detector:beacon", account("anna"), "mended")
    assert len(world.cases.apply_policies()) == 1
    (case,) = world.cases.every()
    assert world.cases.behind(case.id) == (account("anna"), account("bo"))
    assert world.cases.last_by(case.id, CaseAct.RELEASE)[0] == f"policy:{made.id}"


def test_the_counts_follow_each_step_also_of_another_process(world) -> None:
    beside = Indicators(world.engine, world.clock, world.settings)
    assert set(world.book.counts().values()) == {0}
    life = world.draft()
    assert world.book.counts()["draft"] == beside.counts()["draft"] == 1
    beside.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    counted = world.book.counts()
    assert (counted["draft"], counted["review"]) == (0, 1)
    counted["review"] = 7
    assert world.book.counts()["review"] == 1
