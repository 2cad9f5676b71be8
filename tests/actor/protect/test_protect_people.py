"""People decide: they approve, lift, stop everything, also from another process; never what may never be."""

import pytest

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.requests import request
from bavn.model.intel.indicator import Pap
from bavn.model.moment import HOUR_US
from bavn.model.outcome import Refused
from bavn.wire.book import Book

from .conftest import indicator, released, withdrawn

T0 = 1_795_000_000_000_000


def test_a_person_approves_what_waits_but_not_what_was_taken_back(make_actor) -> None:
    actor = make_actor(ProtectPolicy(automatic=False))
    made = indicator()
    actor.protect.receive([released(made)])
    assert actor.enforcer.holds == set()
    actor.protect.approve(made.id, "anna")
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert [line.kind for line in actor.lines()] == ["IndicatorReleased", "IndicatorApproved"]
    assert actor.lines()[-1].peer == "anna"
    assert actor.protect.approve(made.id, "anna") == Refused("in_force", "it is in force already")
    actor = make_actor()
    made = indicator()
    actor.protect.receive([released(made), withdrawn(made)])
    assert actor.protect.approve(made.id, "anna").rule == "withdrawn"
    assert actor.protect.approve("indicator--nobody", "anna").rule == "unknown"


@pytest.mark.parametrize("rule", ["never_block", "not_expired", "pap_allows"])
def test_no_person_can_approve_what_may_never_be(make_actor, rule) -> None:
    changes = {"pap": Pap.RED} if rule == "pap_allows" else {}
    made = indicator(valid_until_us=T0 + HOUR_US, **changes)
    actor = make_actor(ProtectPolicy(automatic=False))
    actor.protect.receive([released(made)])
    if rule == "never_block":
        actor.again(never=NeverBlock.of('[x]\ntrees = ["evil-c2.com"]', "x"))
    if rule == "not_expired":
        actor.clock.us += HOUR_US
    assert actor.protect.approve(made.id, "anna").rule == rule
    assert actor.enforcer.holds == set()


def test_what_a_person_lifted_or_switched_off_stays_so_until_a_person_says(make_actor) -> None:
    actor = make_actor()
    made = indicator()
    actor.protect.receive([released(made)])
    assert actor.protect.lift(made.id, "anna") is None
    assert actor.enforcer.holds == set()
    assert actor.states()[-1] == ("lifted", (), "lifted_by_hand")
    newer = indicator(version=T0 + 1)
    actor.protect.receive([released(newer)])
    assert actor.enforcer.holds == set()
    assert [item.rule for item in actor.protect.waiting()] == ["lifted_by_hand"]
    actor.protect.approve(made.id, "bo")
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert actor.protect.lift("indicator--nobody", "anna").rule == "unknown"
    actor = make_actor()
    actor.protect.receive([released(indicator()), released(indicator("b.org", n=2))])
    actor.told()
    actor.protect.kill_switch(on=True, by="anna")
    assert actor.enforcer.holds == actor.watcher.holds == set()
    assert actor.states() == [("lifted", (), "kill_switch")] * 2
    actor.again()
    actor.protect.receive([released(indicator("c.org", n=3))])
    assert actor.enforcer.holds == set()
    actor.protect.kill_switch(on=False, by="anna")
    assert actor.enforcer.holds == {"evil-c2.com", "b.org", "c.org"}
    assert [line.kind for line in actor.lines() if line.peer == "anna"] == ["KillSwitchOn", "KillSwitchOff"]


def test_another_process_leaves_wishes(make_actor, tmp_path) -> None:
    path = tmp_path / "book.sqlite"
    actor = make_actor(ProtectPolicy(automatic=False), book=Book(path))
    one, two = indicator(), indicator("b.org", n=2)
    actor.protect.receive([released(one), released(two)])
    with Book(path) as other:
        request(other, "approve", one.id, "anna")
        request(other, "approve", two.id, "anna")
        request(other, "lift", one.id, "bo")
    actor.protect.step()
    assert actor.enforcer.holds == {"b.org"}
    with Book(path) as other:
        request(other, "kill", "", "bo")
    actor.protect.step()
    assert actor.enforcer.holds == set()
    with Book(path) as other:
        request(other, "revive", "", "bo")
    actor.protect.step()
    assert actor.enforcer.holds == {"b.org"}
    calls = len(actor.enforcer.calls)
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls
