"""Protection end to end with real doors: two people, the ring, delists, the kill switch, hidden origin, not carried."""

import threading

import pytest

from bavn.app.centre.join_engine import beside
from bavn.app.web.sac.indicator_shapes import at_actor
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.centre.node.protection import HASTE_US
from bavn.model.intel.indicator import BlockOutcome, Pap, Sighting
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.model.text import Text
from bavn.wire.messages.catalogue import IndicatorReleased, IndicatorWithdrawn, SectorSwitched
from bavn.wire.partners.stix_indicator import indicator_of

ANNE = account("anne")
BO = account("bo")

SIX = {"clinic": "clinic", "east": "east", "north": "north", "south": "south", "vendor": "vendor", "west": "west"}
HAND, SECOND = (Observable.of("domain", f"named-by-{whom}-partner.com") for whom in ("a", "another"))


def config(**indicators):
    limits = CentreLimits(rank_every_s=1.0)
    return CentreConfig(limits=limits, tiers=(), indicators=IndicatorSettings(**indicators))


def ring(sector, *actors):
    for actor in actors:
        sector.desk._roles.set(actor, canary=True)


def off(sector, first=ANNE, second=BO, why="mended"):
    sector.desk.switch.turn(on=False, user=first, why=why)
    sector.desk.switch.turn(on=False, user=second, why=why)


def by_hand(sector, observable=HAND, **other):
    lives = sector.desk.indicator_book
    life = lives.draft(observable, account("anne"), "a partner named it", technique="T1071", **other)
    lives.act(life.id, LifeAct.REVIEW, account("anne"), "look")
    life = lives.act(life.id, LifeAct.RELEASE, account("bo"), "go")
    sector.run()
    return lives.get(life.id)


def told(node):
    short = {IndicatorReleased: "R", IndicatorWithdrawn: "W", SectorSwitched: "S"}
    return "".join(short[type(message)] for message in node.told)


def at(sector, life):
    return {one.actor: one for one in sector.desk.deliveries.at_actors(life.id)}


@pytest.fixture
def weak(make_sector, suspicion):
    made = make_sector(SIX)
    for name in ("east", "north", "south"):
        made.nodes[name].suspicions = [suspicion()]
    made.run()
    return made


def test_what_one_person_released_waits_for_a_second_who_has_the_same_means(weak) -> None:
    (case,) = weak.desk.cases.every()
    weak.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne"), "seen at three")
    weak.desk.cases.act(case.id, CaseAct.RELEASE, account("Anne"), "block it")
    weak.run()
    assert all(not node.told for node in weak.nodes.values())
    lives = weak.desk.indicator_book.of_case(case.id)
    assert [life.state for life in lives] == [LifeState.REVIEW] * 2
    assert weak.desk.cases.case(case.id).clocks.released_us is None
    for life in lives:
        weak.desk.indicator_book.act(life.id, LifeAct.RELEASE, account("bo"), "agreed")
    weak.run()
    assert all(told(node) == "RR" for node in weak.nodes.values())
    assert weak.desk.cases.case(case.id).clocks.released_us is not None
    assert weak.desk.audit_verify() is None
    weak.desk.cases.act(case.id, CaseAct.WITHDRAW, account("anne"), "a test")
    weak.run()
    assert all(told(node) == "RRWW" for node in weak.nodes.values())
    assert {life.state for life in weak.desk.indicator_book.of_case(case.id)} == {LifeState.WITHDRAWN}


def test_what_is_by_hand_goes_out_and_is_delisted_once_or_when_worth_too_little(make_sector) -> None:
    sector = make_sector(SIX, config=config())
    sector.nodes["west"].asleep = True
    life = by_hand(sector)
    sector.desk.indicator_book.act(life.id, LifeAct.WITHDRAW, account("carl"), "the partner was wrong")
    sector.run()
    assert told(sector.nodes["west"]) == ""
    assert {told(node) for name, node in sector.nodes.items() if name != "west"} == {"RW"}
    sector.nodes["west"].asleep = False
    sector.run()
    sector.restart()
    sector.run()
    assert {told(node) for node in sector.nodes.values()} == {"RW"}
    clock = sector.desk.times.clock(life.id)
    assert dict(clock.steps)["confirmed"] is not None
    sector = make_sector(SIX, config=config(half_life_domain_days=5.0))
    life = by_hand(sector, days=60)
    sector.wait(8 * 86_400)
    assert {told(node) for node in sector.nodes.values()} == {"RW"}
    assert sector.desk.indicator_book.get(life.id).state is LifeState.EXPIRED


def test_an_order_that_is_given_while_the_centre_works_waits_for_no_more_of_it(make_sector, monkeypatch) -> None:
    """Given by somebody else, in another process, while the first of six receipts is worked off."""
    sector = make_sector(SIX, config=config())
    lives = sector.desk.indicator_book
    first, second = (lives.draft(one, ANNE, "a partner named it", technique="T1071") for one in (HAND, SECOND))
    for life in (first, second):
        lives.act(life.id, LifeAct.REVIEW, ANNE, "look")
    lives.act(first.id, LifeAct.RELEASE, BO, "go")
    sector.centre.step()
    for node in sector.nodes.values():
        node.talk(sector.centre)
    waiting, work_off = [], sector.centre._work_off

    def ordering(taken):
        waiting.append(sum(len(sector.centre.pull(name, node.door.heard)) for name, node in sector.nodes.items()))
        if lives.get(second.id).state is LifeState.REVIEW:
            lives.act(second.id, LifeAct.RELEASE, BO, "go")
        sector.clock.advance(HASTE_US)
        work_off(taken)

    monkeypatch.setattr(sector.centre, "_work_off", ordering)
    sector.centre.step()
    assert waiting == [0, *[len(SIX)] * (len(SIX) - 1)]


def test_a_release_goes_out_while_a_round_is_reconstructed(make_sector) -> None:
    may_end = threading.Event()
    sector = make_sector(SIX)
    join = sector.centre._join
    join._aside, join._reconstruct = beside, lambda *_: [] if may_end.wait(30) else None
    try:
        sector.run()
        assert join._joining, "all have uploaded"
        by_hand(sector)
        assert {told(node) for node in sector.nodes.values()} == {"R"}
        assert join._joining
    finally:
        may_end.set()


def meets(sector, name, life):
    now_us = sector.clock.now_us()
    met = Sighting(indicator_id=life.id, kind="blocked", count=2, first_us=now_us, last_us=now_us)
    sector.nodes[name].door.tell_sighting(met)


@pytest.mark.slow
def test_nothing_that_is_said_later_tells_who_met_it(make_sector) -> None:
    """Twins: sectors in which other actors met the indicator refresh, delist and switch with the same bytes."""
    said = []
    for name in ("east", "vendor"):
        sector = make_sector(SIX, config=config())
        life = by_hand(sector, days=10)
        sector.wait(6 * 86_400)
        meets(sector, name, life)
        sector.wait(120)
        sector.desk.switch.turn(on=True, user=ANNE, why="a bad feed")
        sector.run()
        off(sector)
        sector.desk.indicator_book.act(life.id, LifeAct.WITHDRAW, account("carl"), "over")
        sector.run()
        said.append([message.model_dump() for message in sector.nodes["west"].told])
        assert {told(node) for node in sector.nodes.values()} == {"RRSSW"}
    assert said[0] == said[1]
    assert said[0][1]["bundle"] != said[0][0]["bundle"]


def test_the_ring_has_it_first_and_a_rollback_there_stops_it_for_all(make_sector) -> None:
    sector = make_sector(SIX, config=config(canary_quiet_s=600.0))
    ring(sector, "clinic", "vendor")
    life = by_hand(sector)
    assert {name for name, node in sector.nodes.items() if node.told} == {"clinic", "vendor"}
    assert at(sector, life)["east"].held
    sector.wait(300)
    rolled = BlockOutcome(
        indicator_id=life.id,
        version=sector.desk.indicators()[0].kept.indicator.version,
        state="lifted",
        enforcers=(),
        rule="rolled_back",
    )
    sector.nodes["clinic"].door.tell_outcome(rolled)
    sector.wait(60)
    sector.wait(3600)
    assert {name: told(node) for name, node in sector.nodes.items() if node.told} == {"clinic": "RW", "vendor": "RW"}
    life = sector.desk.indicator_book.get(life.id)
    assert life.state is LifeState.WITHDRAWN
    assert "clinic rolled it back" in life.why
    assert [line.act for line in sector.desk.indicator_book.history(life.id)][-1] == "indicator-stop"


def test_the_ring_lets_it_go_on_after_a_quiet_time_or_by_a_second_person(make_sector) -> None:
    sector = make_sector(SIX, config=config(canary_quiet_s=600.0))
    ring(sector, "clinic")
    life = by_hand(sector)
    sector.wait(590)
    assert not sector.nodes["east"].told
    sector.wait(60)
    assert {told(node) for node in sector.nodes.values()} == {"R"}
    assert any('"indicator-ring-open"' in line for line in sector.desk.audit_export())
    assert sector.desk.ring.stand(life.id).state == "open"
    sector = make_sector(SIX, config=config(canary_quiet_s=6000.0))
    ring(sector, "clinic")
    life = by_hand(sector)
    sector.desk.indicator_book.hurry(life.id, account("anne"), "it burns")
    sector.run()
    assert not sector.nodes["east"].told
    sector.desk.indicator_book.hurry(life.id, account("bo"), "it burns")
    sector.run()
    assert {told(node) for node in sector.nodes.values()} == {"R"}


def test_the_kill_switch_reaches_all_once_whoever_was_away_and_newcomers(make_sector) -> None:
    sector = make_sector(SIX, config=config())
    sector.nodes["west"].asleep = True
    sector.desk.switch.turn(on=True, user=ANNE, why="a bad feed")
    sector.run()
    sector.restart()
    sector.run()
    assert told(sector.nodes["west"]) == ""
    off(sector)
    sector.run()
    sector.nodes["west"].asleep = False
    sector.run()
    for node in sector.nodes.values():
        assert [(m.number, m.state, m.by, m.why) for m in node.told] == [
            (1, "on", account("anne"), "a bad feed"),
            (2, "off", account("bo"), "mended"),
        ]
    sector.desk.switch.turn(on=True, user=ANNE, why="again")
    sector.join("newly", "newly", 40)
    sector.run()
    assert [(m.number, m.state) for m in sector.nodes["newly"].told] == [(3, "on")]
    lines = [line for line in sector.centre._share.post.ledger.every() if line.kind == "SectorSwitched"]
    assert len(lines) == 6 * 3 + 1


def test_what_an_actor_cannot_carry_is_said_and_shown(make_sector) -> None:
    sector = make_sector(SIX, config=config())
    life = by_hand(sector)
    outcome = BlockOutcome(
        indicator_id=life.id,
        version=sector.desk.indicators()[0].kept.indicator.version,
        state="enforced",
        enforcers=("rpz",),
        rule=None,
        not_carried=("nft_sets",),
    )
    sector.nodes["east"].door.tell_outcome(outcome)
    sector.run()
    assert at(sector, life)["east"].not_carried == ("nft_sets",)


def test_a_refused_indicator_of_a_case_brings_case_and_indicator_back(weak) -> None:
    (case,) = weak.desk.cases.every()
    weak.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne"), "yes")
    from bavn.centre.cases.case.case import ReleaseTerms

    weak.desk.cases.act(case.id, CaseAct.RELEASE, account("bo"), "too long", ReleaseTerms(days=91))
    weak.run()
    assert weak.desk.cases.case(case.id).state is CaseState.CONFIRMED
    lives = weak.desk.indicator_book.of_case(case.id)
    assert all(
        life.state is LifeState.REVIEW and Text.of_row(life.refusal).en.startswith("not_expired") for life in lives
    )
    assert all(not node.told for node in weak.nodes.values())


def test_a_watch_that_one_person_released_goes_out(weak) -> None:
    from bavn.centre.cases.case.case import ReleaseTerms

    (case,) = weak.desk.cases.every()
    weak.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne"), "yes")
    weak.desk.cases.act(case.id, CaseAct.RELEASE, account("anne"), "watch", ReleaseTerms(pap=Pap.AMBER))
    weak.run()
    made = [indicator_of(m.bundle) for m in weak.nodes["west"].told]
    assert [one.pap for one in made] == [Pap.AMBER] * 2
    assert all(one.valid_until_us - one.valid_from_us == 30 * DAY_US for one in made)


@pytest.mark.slow
def test_what_nothing_at_an_actor_carries_yet_is_not_missing_there_and_counts_when_it_comes(make_sector) -> None:
    sector = make_sector(SIX, config=config())
    sector.nodes["west"].enforces = False
    life = by_hand(sector)
    version = sector.desk.indicators()[0].kept.indicator.version

    def says(state, enforcers, rule):
        said = BlockOutcome(
            indicator_id=life.id, version=version, state=state, enforcers=enforcers, rule=rule, not_carried=("zone",)
        )
        sector.nodes["west"].door.tell_outcome(said)
        sector.wait(60)

    says("waiting", (), "carried")
    clock = sector.desk.times.clock(life.id)
    assert (clock.missing, clock.hunted, len(clock.enforced)) == ((), ("west",), 5)
    assert at_actor(at(sector, life)["west"]).stand == "uncarried"
    says("enforced", ("wall",), None)
    clock = sector.desk.times.clock(life.id)
    assert (clock.missing, clock.hunted, len(clock.enforced)) == ((), (), 6)
    assert at_actor(at(sector, life)["west"]).stand == "enforced"
    says("waiting", (), "carried")
    assert at_actor(at(sector, life)["west"]).stand == "uncarried", "its enforcer was removed"
