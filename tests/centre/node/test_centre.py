"""End to end with real doors: from suspicions at home to a block at every actor, and what the sector's clock says."""

from collections import Counter

import pytest

from bavn.actor.door.tell_rules import Condition
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.share.post import GATE
from bavn.model.intel.indicator import Pap
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState, NotNow
from bavn.wire.messages.catalogue import IndicatorReleased, IndicatorWithdrawn
from bavn.wire.partners.stix_indicator import indicator_of
from tests.builders import standing_policy

SIX = {"clinic": "clinic", "east": "east", "north": "north", "south": "south", "vendor": "vendor", "west": "west"}


@pytest.fixture
def sector(make_sector, suspicion):
    """Six actors, three of which have a weak sign of the same thing."""
    made = make_sector(SIX)
    for name in ("east", "north", "south"):
        made.nodes[name].suspicions = [suspicion()]
    return made


def released(node):
    return [indicator_of(m.bundle) for m in node.told if isinstance(m, IndicatorReleased)]


def test_three_weak_signs_become_one_lead_and_then_a_block_at_all_six(sector, bad):
    sector.run()
    (view,) = sector.desk.lead_book.leads()
    assert view.lead.rank == 1
    assert set(view.lead.observables) == set(bad)
    assert view.lead.actors == ("east", "north", "south")
    (case,) = sector.desk.cases.every()
    assert case.state is CaseState.NEW
    sector.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne@sac"), "seen at three")
    sector.desk.cases.act(case.id, CaseAct.RELEASE, account("bo"), "block it")
    sector.run()
    for node in sector.nodes.values():
        assert {indicator.observable for indicator in released(node)} == set(bad)
        assert {indicator.pap for indicator in released(node)} == {Pap.GREEN}
    for shown in sector.desk.indicators():
        assert [one.state for one in shown.actors] == ["enforced"] * 6
        clock = sector.desk.times.clock(shown.kept.indicator.id)
        assert len(clock.enforced) == 6
        assert not clock.missing
        moments = [at_us for _, at_us in clock.steps]
        assert None not in moments
        assert moments == sorted(moments)
    assert sector.desk.cases.case(case.id).clocks.last_block_us is not None


def test_nothing_that_one_actor_holds_alone_is_named(sector, suspicion):
    secret = Observable.of("domain", "only-at-west.example")
    sector.nodes["west"].suspicions = [suspicion(observables=(secret,), p=0.0001)]
    sector.run()
    assert all(secret not in view.lead.observables for view in sector.desk.lead_book.leads())
    assert secret.value not in "".join(sector.book.rows("SELECT group_concat(summary) FROM ledger")[0])


@pytest.mark.slow
def test_an_indicator_says_nothing_of_who_saw_it(make_sector, suspicion):
    """Twins: two sectors in which other actors saw the same thing release the same bytes."""
    bundles = []
    for holders in (("east", "north", "south"), ("clinic", "vendor", "west")):
        made = make_sector(SIX)
        for name in holders:
            made.nodes[name].suspicions = [suspicion()]
        made.run()
        made.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
        made.run()
        bundles.append(sorted(m.bundle for m in made.nodes["east"].told if isinstance(m, IndicatorReleased)))
    assert bundles[0] == bundles[1]


@pytest.mark.slow
def test_a_withdrawal_reaches_all_and_a_new_release_has_a_higher_version(sector, bad):
    sector.run()
    (case,) = sector.desk.cases.every()
    for act in (CaseAct.CONFIRM, CaseAct.RELEASE, CaseAct.WITHDRAW, CaseAct.RELEASE):
        sector.desk.cases.act(case.id, act, account("bo") if act is CaseAct.RELEASE else account("anne"), "because")
        sector.run()
    for node in sector.nodes.values():
        kinds = Counter(type(message) for message in node.told)
        assert kinds == {IndicatorReleased: 4, IndicatorWithdrawn: 2}
        for observable in bad:
            versions = [made.version for made in released(node) if made.observable == observable]
            withdrawn = [
                m.version
                for m in node.told
                if isinstance(m, IndicatorWithdrawn) and m.indicator_id in {i.id for i in released(node)}
            ]
            assert versions == sorted(versions)
            assert all(versions[0] < version < versions[1] for version in withdrawn)


def test_release_and_withdraw_before_anything_left_leaves_no_release(sector):
    sector.run()
    (case,) = sector.desk.cases.every()
    for act in (CaseAct.CONFIRM, CaseAct.RELEASE, CaseAct.WITHDRAW):
        sector.desk.cases.act(case.id, act, account("bo") if act is CaseAct.RELEASE else account("anne"), "because")
    sector.run()
    assert all(not node.told for node in sector.nodes.values())


def test_each_letter_has_one_line_and_members_show_how_their_nodes_are(sector):
    sector.run()
    sector.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
    sector.run()
    lines = [line for line in sector.centre._share.post.ledger.every() if line.gate == GATE]
    assert len(lines) == sum(node.letters for node in sector.nodes.values())
    assert len({(line.peer, line.item_id) for line in lines}) == len(lines)
    assert sector.centre._share.post.ledger.verify() is None
    condition = Condition(
        version="0.1.0", sensor="up", capture_loss_permille=2, clock_skew_s=0, queue_messages=0, last_round=None
    )
    sector.nodes["east"].door.tell_health(condition)
    sector.run()
    health = {member.actor.name: member.health for member in sector.desk.members()}
    assert health["east"].capture_loss_permille == 2
    assert health["north"] is None


@pytest.mark.slow
def test_restarting_after_every_step_gives_the_same_and_says_nothing_twice(make_sector, suspicion, bad):
    told = []
    for restart_each in (False, True):
        made = make_sector(SIX)
        for name in ("east", "north", "south"):
            made.nodes[name].suspicions = [suspicion()]
        made.run(restart_each=restart_each)
        made.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
        made.run(restart_each=restart_each)
        told.append({name: [message.model_dump() for message in node.told] for name, node in made.nodes.items()})
        assert all(len(node.told) == 2 for node in made.nodes.values())
    assert told[0] == told[1]


def test_a_standing_policy_that_two_approved_releases_by_itself(sector, bad):
    policy = standing_policy(types=("domain",), score_min=7.0, indicator_days=7)
    proposed = sector.desk.cases.policies.propose(policy, account("anne"))
    sector.run()
    assert all(not node.told for node in sector.nodes.values())
    with pytest.raises(NotAllowed):
        sector.desk.cases.policies.approve(proposed.id, account("Anne"))
    sector.desk.cases.policies.approve(proposed.id, account("bo"))
    sector.run()
    for node in sector.nodes.values():
        (made,) = released(node)
        assert made.observable == bad[0]
        assert made.valid_until_us - made.valid_from_us == 7 * DAY_US
    (case,) = sector.desk.cases.every()
    assert case.state is CaseState.RELEASED
    assert [line.who for line in sector.desk.cases.audit_lines(case.id) if line.act == "release"] == [
        f"policy:{proposed.id}"
    ]


def test_two_actors_of_one_vendor_never_make_a_block(make_sector, suspicion, strong_tier):
    sector = make_sector(SIX | {"east": "host-x", "north": "host-x"}, config=strong_tier)
    for name in ("east", "north"):
        sector.nodes[name].suspicions = [suspicion(p=0.0001)]
    sector.run()
    view = sector.desk.lead_book.leads()[0]
    assert view.elements[0].groups == 1
    case = sector.desk.open_case(view.lead.id, account("anne"))
    sector.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne"), "sure")
    sector.desk.cases.act(case.id, CaseAct.RELEASE, account("bo"), "block it")
    sector.run()
    assert all(not node.told for node in sector.nodes.values())
    case = sector.desk.cases.case(case.id)
    assert case.state is CaseState.CONFIRMED
    assert "two_groups" in sector.desk.cases.audit_lines(case.id)[-1].detail
    refused = [line for line in sector.centre._share.post.ledger.every() if line.verdict == "refused"]
    assert [line.rule for line in refused] == ["two_groups"]


class Popular:
    def of(self, observable):
        return (("tranco10k", "popular"),)


def test_what_is_listed_is_watched_and_never_blocked(make_sector, suspicion):
    sector = make_sector(SIX, lists=Popular())
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion(p=0.0001)]
    sector.run()
    (view,) = sector.desk.lead_book.leads()
    case = sector.desk.open_case(view.lead.id, account("anne"))
    sector.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne"), "sure")
    sector.desk.cases.act(case.id, CaseAct.RELEASE, account("bo"), "whatever may be")
    sector.run()
    assert {made.pap for made in released(sector.nodes["west"])} == {Pap.AMBER}


def test_a_dismissed_lead_sinks_for_all_and_comes_back_when_reopened(sector):
    sector.run()
    (before,) = sector.desk.lead_book.leads()
    (case,) = sector.desk.cases.every()
    sector.desk.cases.act(case.id, CaseAct.DISMISS, account("anne"), "a monitoring probe")
    sector.wait(2)
    (after,) = sector.desk.lead_book.leads()
    assert after.lead.score == pytest.approx(before.lead.score - 8, abs=0.2)
    sector.desk.cases.act(case.id, CaseAct.REOPEN, account("bo"), "not so sure")
    sector.wait(2)
    assert sector.desk.lead_book.leads()[0].lead.score == pytest.approx(before.lead.score, abs=0.2)


def test_who_slept_or_comes_later_gets_what_is_in_force_once_and_a_revoked_actor_nothing(sector, bad):
    sector.nodes["west"].asleep = True
    sector.run()
    sector.wait(61)
    sector.registry.revoke("vendor")
    sector.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
    sector.run()
    clock = sector.desk.times.clock
    indicator_id = sector.desk.indicators()[0].kept.indicator.id
    assert clock(indicator_id).missing == ("west",)
    sector.nodes["west"].asleep = False
    sector.join("late-one", "late-one", 40)
    sector.run()
    assert {made.observable for made in released(sector.nodes["late-one"])} == set(bad)
    assert {name: len(node.told) for name, node in sector.nodes.items() if name != "vendor"} == {
        name: 2 for name in (*SIX, "late-one") if name != "vendor"
    }
    assert not sector.nodes["vendor"].told
    assert clock(indicator_id).missing == ()


def test_the_life_cycle_holds_for_people_too(sector):
    sector.run()
    (case,) = sector.desk.cases.every()
    with pytest.raises(NotNow):
        sector.desk.cases.act(case.id, CaseAct.RELEASE, account("bo"), "too soon")
    with pytest.raises(ValueError, match="reason"):
        sector.desk.cases.act(case.id, CaseAct.CONFIRM, account("anne"), " ")
    with pytest.raises(NotAllowed):
        sector.desk.cases.act(case.id, CaseAct.CONFIRM, "policy:7", "I am a policy")


@pytest.mark.slow
def test_rounds_tell_what_happened_to_each_cell(make_sector, suspicion, both_tiers):
    sector = make_sector(SIX, config=both_tiers)
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.run()
    sector.wait(15)
    strong, weak = sorted(sector.desk.rounds(), key=lambda summary: summary.round.params.tier)
    assert strong.round.hits == 0
    assert set(weak.uploaded) == set(SIX)
    stories = sector.desk.cells(weak.round.id)
    named = {observable for story in stories for _, observable in story.named}
    assert len(named) == 2
    assert all(set(story.holders) == {"east", "north", "south"} for story in stories)
    assert all(not story.declined for story in stories)
