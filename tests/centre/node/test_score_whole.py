"""The whole score with real doors: tries from outside add up, what members do counts, one verdict clears for all."""

from math import log

import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.centre.members.roles import Roles
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct

NAMES = ("clinic", "east", "north", "south", "vendor", "west")
SOURCE = Observable.of("ip4", "185.32.20.99")


@pytest.fixture
def sector(make_sector):
    return make_sector({name: name for name in NAMES})


def tried(suspicion, failed, went_well=0):
    return suspicion(
        id="1" * 32,
        detector="scan",
        technique="T1595.001",
        peer=SOURCE.value,
        observables=(SOURCE,),
        p=0.23,
        evidence_nats=0.04,
        period_s=None,
        regularity=None,
        walk_nats=(failed - went_well) * log(4),
    )


def let_walks_join(sector):
    for node in sector.nodes.values():
        policy = DoorPolicy(join_walks=True)
        node.door.rounds.policy = policy


def test_three_tries_at_each_of_six_are_a_lead_though_no_actor_finds_them_odd(sector, suspicion) -> None:
    let_walks_join(sector)
    for node in sector.nodes.values():
        node.suspicions = [tried(suspicion, 3)]
    sector.run()
    (view,) = sector.desk.lead_book.leads()
    assert view.lead.observables == (SOURCE,)
    assert view.lead.actors == NAMES
    walk = next(term for term in view.lead.terms if term.name == "walk")
    assert "18 tries more failed than went well" in walk.why.en
    assert "too many for chance" in walk.why.en


@pytest.mark.parametrize("joins", [True, False])
def test_fewer_tries_and_a_policy_that_keeps_them_stay_at_home(sector, suspicion, joins) -> None:
    if joins:
        let_walks_join(sector)
    for node in sector.nodes.values():
        node.suspicions = [tried(suspicion, 3, 1) if joins else tried(suspicion, 3)]
    sector.run()
    assert sector.desk.lead_book.leads() == ()


def test_what_members_do_and_share_stands_with_the_lead(sector, suspicion) -> None:
    roles = Roles(sector.registry, sector.clock)
    roles.set("north", functions=["surgery"], suppliers=["dxc"])
    roles.set("south", suppliers=["dxc"])
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.run()
    (view,) = sector.desk.lead_book.leads()
    assert {reason.name: reason.points for reason in view.lead.reasons} == {
        "function:surgery": 1.5,
        "supplier:dxc": 1.0,
    }
    assert view.lead.priority == view.lead.score + 2.5
    roles.set("south", suppliers=[])
    sector.wait(3601)
    assert [reason.name for reason in sector.desk.lead_book.leads()[0].lead.reasons] == ["function:surgery"]


@pytest.mark.slow
def test_one_benign_verdict_clears_it_for_actors_that_meet_it_later(sector, suspicion) -> None:
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.run()
    (case,) = sector.desk.cases.every()
    sector.desk.cases.act(case.id, CaseAct.DISMISS, account("anne"), "a supplier's new service")
    for name in ("clinic", "vendor", "west"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.wait(3601)
    (view,) = sector.desk.lead_book.leads()
    assert "west" in view.lead.actors
    lists = next(term for term in view.lead.terms if term.name == "lists")
    assert lists.nats == -8.0
    assert "earlier-verdict" in lists.why.en
    assert all(element.listed for element in view.elements)


@pytest.mark.slow
def test_one_operators_actors_are_one_voice(sector, suspicion) -> None:
    roles = Roles(sector.registry, sector.clock)
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    sector.run()
    best, voices = [], []
    for operated in ((), ("north", "south"), ("east", "north", "south")):
        for name in operated:
            roles.set(name, group="it-centre")
        sector.wait(3601)
        leads = [view.lead for view in sector.desk.lead_book.leads()]
        best.append(max(lead.score for lead in leads))
        voices.append({len({sign.group for sign in lead.signs}) for lead in leads})
    assert voices == [{3}, {2}, {1}]
    assert best[0] > best[1] > best[2] + 2
