"""What an actor takes back counts no longer: in leads, in open rounds, in cases; and it stands in the audit log."""

import json

import pytest

from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.wire import seal
from bavn.wire.messages import catalogue as messages

NAMES = {name: name for name in ("east", "north", "south", "west")}


@pytest.fixture
def sector(make_sector, suspicion):
    made = make_sector(NAMES)
    for name in ("east", "north", "south"):
        made.nodes[name].suspicions = [suspicion()]
    made.run()
    return made


def take_back(sector, name, *observables):
    door = sector.nodes[name].door
    for observable in observables:
        door.reveals.withdraw(observable, account("anna"), sector.clock.now_us())
    door.tell_withdrawals()
    sector.wait(5)


def audited(sector):
    return [
        (line["subject"], json.loads(line["detail"]))
        for line in map(json.loads, sector.desk.audit_export())
        if line["act"] == "report-withdrawn"
    ]


def test_a_report_that_is_taken_back_leaves_the_lead_and_is_audited(sector, bad) -> None:
    """A case that was opened meanwhile counts the groups that are left: of one alone, gate 3 refuses it."""
    assert {view.lead.actors for view in sector.desk.lead_book.leads()} == {("east", "north", "south")}
    take_back(sector, "north", *bad)
    assert {view.lead.actors for view in sector.desk.lead_book.leads()} == {("east", "south")}
    (case,) = sector.desk.cases.every()
    told = {(detail["actor"], detail["element"], detail["groups_left"]) for _, detail in audited(sector)}
    assert told == {("north", str(one), 2) for one in bad}
    assert {subject for subject, _ in audited(sector)} >= {case.id}
    assert sector.desk.audit_verify() is None
    take_back(sector, "east", *bad)
    assert sector.desk.lead_book.leads() == ()
    case = sector.desk.cases.case(case.id)
    assert {element.groups for element in case.facts.elements} == {1}
    sector.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
    sector.run()
    assert sector.desk.indicators() == ()
    assert sector.desk.cases.case(case.id).state is CaseState.CONFIRMED


def test_an_answer_to_a_round_that_is_open_does_not_bring_it_back(make_sector, suspicion, bad) -> None:
    """South's answer comes after north has taken its own back: the cell is judged anew, without north."""
    sector = make_sector(NAMES)
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]
    for _ in range(20):
        sector.centre.step()
        if sum(sector.nodes[name].talk(sector.centre) for name in ("east", "north", "west")) == 0:
            break
        sector.nodes["south"].talk(sector.centre) if not sector.nodes["north"].door.reveals.every() else None
    door = sector.nodes["north"].door
    assert any(not one.rule for one in door.reveals.every())
    for observable in bad:
        door.reveals.withdraw(observable, account("anna"), sector.clock.now_us())
    door.tell_withdrawals()
    sector.nodes["north"].talk(sector.centre)
    sector.run()
    sector.wait(30)
    assert all("north" not in view.lead.actors for view in sector.desk.lead_book.leads())


def test_an_actor_takes_back_its_own_words_once_within_a_quota(sector, bad) -> None:
    """West never reported it; what it says it takes back is nobody else's."""
    west = sector.nodes["west"]
    domain = bad[0]
    word = messages.Withdrawn(type=domain.type.value, value=domain.value)
    seq = max((w.seq for w in west.door.outbox.waiting("centre")), default=10_000) + 1
    assert sector.centre.receive("west", [seal.seal(west.key, "west", "centre", seq, word)]) == [seq]
    sector.wait(5)
    assert {view.lead.actors for view in sector.desk.lead_book.leads()} == {("east", "north", "south")}
    north = sector.nodes["north"]
    raws = [seal.seal(north.key, "north", "centre", 10_000 + n, word) for n in range(250)]
    taken = sector.centre.receive("north", raws)
    assert len(taken) == 200
    sector.wait(5)
    lines = [detail for subject, detail in audited(sector) if subject.startswith("north/")]
    assert [detail["actor"] for detail in lines] == ["north"]
