"""What no enforcer carries waits for one that can: told once, weighed anew when one comes, gone at its end."""

from dataclasses import replace

import pytest

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.intel.indicator import Pap
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import ObservableType

from .conftest import HOMES, Remembering, indicator, released, withdrawn

NAMES = frozenset({ObservableType.DOMAIN})
ADDRESSES = frozenset({ObservableType.IP4})


def zone():
    return Remembering("zone", NAMES)


def wall():
    return Remembering("wall", ADDRESSES)


@pytest.fixture
def clinic(make_actor):
    """An actor whose only enforcer takes names, and to which an address was released."""
    actor = make_actor(enforcers=Enforcers((zone(),), ()))
    actor.made = indicator("203.0.114.9", "ip4")
    actor.protect.receive([released(actor.made)])
    return actor


def item(actor):
    return actor.protect.state.item(actor.made.id)


def kinds(actor):
    return [line.kind for line in actor.lines()]


def test_it_waits_is_told_once_and_is_no_matter_for_a_person(clinic):
    (said,) = clinic.told()
    assert (said.state, said.rule, said.enforcers, said.not_carried) == ("waiting", "carried", (), ("zone",))
    for _ in range(3):
        clinic.clock.us += HOUR_US
        clinic.protect.step()
    clinic.again()
    clinic.protect.step()
    assert clinic.told() == []
    assert (item(clinic).standing, item(clinic).rule) == ("waiting", "carried")
    assert kinds(clinic) == ["IndicatorReleased"]


def test_when_an_enforcer_comes_it_is_enforced_with_a_receipt_and_a_line(clinic):
    clinic.told()
    new = wall()
    clinic.again(enforcers=Enforcers((zone(), new), ()))
    clinic.protect.step()
    assert new.holds == {"203.0.114.9"}
    assert clinic.states() == [("enforced", ("wall",), None)]
    assert kinds(clinic) == ["IndicatorReleased", "IndicatorCarried"]
    clinic.protect.step()
    assert clinic.states() == []


def test_an_enforcer_that_carries_more_than_before_takes_it_up_while_running(clinic):
    (hand,) = clinic.extras["enforcers"].blocking
    clinic.told()
    hand.carries = NAMES | ADDRESSES
    clinic.protect.step()
    assert hand.holds == {"203.0.114.9"}


def test_it_meets_the_whole_gate_again(clinic):
    """By now the never-block list names it: a longer list has the last word."""
    clinic.told()
    text = '[own]\nwhy = "ours"\nnetworks = ["203.0.114.0/24"]\n'
    new = wall()
    clinic.again(enforcers=Enforcers((zone(), new), ()), never=NeverBlock.of(text, "a list", own_networks=HOMES))
    clinic.protect.step()
    assert new.holds == set()
    assert clinic.states() == [("refused", (), "never_block")]


def test_a_policy_that_wants_a_person_has_one(clinic):
    clinic.told()
    clinic.again(enforcers=Enforcers((zone(), wall()), ()), policy=ProtectPolicy(automatic=False))
    clinic.protect.step()
    assert clinic.states() == [("waiting", (), "by_hand")]
    assert item(clinic).rule == "by_hand"


def test_a_person_who_approved_it_meanwhile_need_not_do_so_again(clinic):
    clinic.told()
    assert clinic.protect.approve(clinic.made.id, "mette").rule == "carried"
    assert clinic.told() == [], "it was said"
    new = wall()
    clinic.again(enforcers=Enforcers((zone(), new), ()), policy=ProtectPolicy(automatic=False))
    clinic.protect.step()
    assert new.holds == {"203.0.114.9"}
    assert item(clinic).by == "mette"


def test_many_come_into_force_no_faster_than_the_budget_and_wait_for_no_person(make_actor):
    policy = ProtectPolicy(blocks_per_hour_max=3)
    actor = make_actor(policy, enforcers=Enforcers((zone(),), ()))
    made = [indicator(f"203.0.114.{n}", "ip4", n=n) for n in range(1, 9)]
    actor.protect.receive([released(one) for one in made])
    new = wall()
    actor.again(enforcers=Enforcers((zone(), new), ()))
    held = []
    for _ in range(4):
        for _ in range(3):
            actor.clock.us += MINUTE_US
            actor.protect.step()
        held.append(len(new.holds))
        actor.clock.us += HOUR_US
    assert held == [3, 6, 8, 8]
    assert not [one for one in actor.protect.waiting() if one.rule != "carried"]


def test_it_ends_with_its_indicator(clinic):
    clinic.told()
    clinic.clock.us += 11 * DAY_US
    clinic.protect.step()
    assert clinic.states() == [("refused", (), "not_expired")]
    new = wall()
    clinic.again(enforcers=Enforcers((zone(), new), ()))
    clinic.protect.step()
    assert new.holds == set()


def test_it_ends_when_the_centre_withdraws_it(clinic):
    clinic.told()
    clinic.protect.receive([withdrawn(clinic.made)])
    assert clinic.states() == [("lifted", (), "withdrawn")]
    new = wall()
    clinic.again(enforcers=Enforcers((zone(), new), ()))
    clinic.protect.step()
    assert new.holds == set()


def test_what_an_enforcer_that_is_removed_held_waits_again(clinic):
    new = wall()
    clinic.again(enforcers=Enforcers((zone(), new), ()))
    clinic.protect.step()
    clinic.told()
    clinic.again(enforcers=Enforcers((zone(),), ()))
    assert [(said.state, said.rule, said.not_carried) for said in clinic.told()] == [("waiting", "carried", ("zone",))]
    assert (item(clinic).standing, item(clinic).forced_us) == ("waiting", None)
    clinic.again(enforcers=Enforcers((zone(), new), ()))
    clinic.protect.step()
    assert new.holds == {"203.0.114.9"}
    assert clinic.states() == [("enforced", ("wall",), None)]


def test_what_may_only_be_watched_waits_for_a_watcher(make_actor):
    actor = make_actor(enforcers=Enforcers((zone(),), ()))
    made = indicator(pap=Pap.AMBER)
    actor.protect.receive([released(made)])
    assert [(said.state, said.rule) for said in actor.told()] == [("waiting", "pap_watch_only")]
    eye = Remembering("eye", NAMES)
    actor.again(enforcers=Enforcers((zone(),), (eye,)))
    actor.protect.step()
    assert eye.holds == {"evil-c2.com"}
    assert actor.states() == [("partly", ("eye",), "pap_watch_only")]


def test_a_newer_version_is_told_again_since_the_receipt_is_of_a_version(clinic):
    clinic.told()
    clinic.protect.receive([released(replace(clinic.made, version=clinic.made.version + 5))])
    assert [said.version for said in clinic.told()] == [clinic.made.version + 5]
