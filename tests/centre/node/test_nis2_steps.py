"""An actor's own steps of NIS2 move its own clocks at the centre; a hostile actor touches nobody else's."""

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bavn.centre.cases.nis2.clocks import Flags
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct
from bavn.model.sector.nis2 import Nis2Act
from bavn.wire.codec import encode
from bavn.wire.messages.catalogue import Nis2Noted
from tests import people_say

SIX = {"clinic": "clinic", "east": "east", "north": "north", "south": "south", "vendor": "vendor", "west": "west"}
ZONE = ZoneInfo("Europe/Copenhagen")


@pytest.fixture
def world(make_sector, suspicion):
    made = make_sector(SIX)
    for name in ("east", "north", "south"):
        made.nodes[name].suspicions = [suspicion()]
    made.run()
    (case,) = made.desk.cases.every()
    made.desk.cases.act(case.id, CaseAct.TAKE, account("anna"))
    made.run()
    return made, case.id


def note(sector, name, case_id, act, hours_ago, **more):
    node = sector.nodes[name]
    at_us = node.clock.now_us() - int(hours_ago * HOUR_US)
    people_say.of_nis2(node.door.cases.nis2, case_id, Nis2Act(act), at_us, account("bo"), **more)
    node.door.cases.tell()
    sector.run()


def forged(sector, name, case_id, act, hours_ago, **more):
    """Past its own door, as an actor would whose node was taken over."""
    node = sector.nodes[name]
    minute = (node.clock.now_us() - int(hours_ago * HOUR_US)) // MINUTE_US
    fields = {"case_id": case_id, "serial": 1 << 40, "act": act, "minute": minute, "kind": "new", "why": ""} | more
    node.door.outbox.put("centre", encode(Nis2Noted(**fields)), "S5")
    sector.run()


def happened(sector, case_id):
    return {view.actor: {act.value for act in view.happened} for view in sector.desk.nis2(ZONE).views(case_id)}


def refused(sector):
    lines = sector.centre._inbox.ledger.lines(verdict="refused", limit=1000)
    return [(line.peer, line.rule) for line in lines if line.kind == "Nis2Noted"]


def test_the_actors_steps_move_its_clocks_and_come_back_to_it(world) -> None:
    sector, case_id = world
    note(sector, "east", case_id, "aware", 20)
    assert happened(sector, case_id) == {"east": {"aware"}}
    note(sector, "east", case_id, "early-warning", 1)
    view = sector.desk.nis2(ZONE).view(case_id, "east")
    assert [(due.report.value, due.state.value) for due in view.dues][:2] == [
        ("early-warning", "sent"),
        ("notification", "waiting"),
    ]
    part = sector.nodes["east"].door.cases.book.get(case_id).part
    sent = {clock["report"]: clock["sent_us"] for clock in part["clocks"]}
    assert sent["early-warning"] == view.happened[Nis2Act.EARLY_WARNING]
    assert not sector.nodes["north"].door.cases.book.get(case_id).part["clocks"]
    lines = [line for line in sector.desk.cases.audit_lines(case_id) if line.act.startswith("nis2-")]
    assert [line.who for line in lines] == ["actor:east"] * 2
    assert refused(sector) == []


def test_an_actor_says_that_it_crosses_a_border_and_what_the_centre_knows_beside_it_stays(world) -> None:
    sector, case_id = world
    book = sector.desk.nis2(ZONE)
    note(sector, "east", case_id, "aware", 20, crosses="unknown")
    flags = Flags(cross_border="no", trust_service=True, touched=("surgery",))
    book.note(
        case_id,
        "east",
        Nis2Act.EARLY_WARNING,
        sector.nodes["east"].clock.now_us() - HOUR_US,
        account("anna"),
        flags=flags,
    )
    note(sector, "east", case_id, "notification", 0.5, crosses="yes")
    assert book.view(case_id, "east").flags == replace(flags, cross_border="yes")
    note(sector, "east", case_id, "handled", 0.4)
    assert book.view(case_id, "east").flags.cross_border == "yes"
    assert book.view(case_id, "north").flags == Flags()
    last = [
        json.loads(line.detail) for line in sector.desk.cases.audit_lines(case_id) if line.act == "nis2-notification"
    ][-1]
    assert last["cross_border"] == "yes"


def test_a_hostile_actor_moves_no_clock_but_its_own(world) -> None:
    sector, case_id = world
    note(sector, "east", case_id, "aware", 20)
    before = sector.desk.nis2(ZONE).view(case_id, "east")
    forged(sector, "west", case_id, "aware", 2)  # it is not in the case
    forged(sector, "north", case_id, "early-warning", 1)  # its own clock never began
    forged(sector, "north", case_id, "aware", -5)  # in the future
    forged(sector, "north", case_id, "not-significant", 1)  # no reason
    forged(sector, "north", case_id, "aware", 1, why="\x1b[2J")
    forged(sector, "north", "case-ffffffffffffffff", "aware", 1)
    assert refused(sector) == [
        ("west", "unknown_case"),
        ("north", "nis2_order"),
        ("north", "nis2_time"),
        ("north", "nis2_order"),
        ("north", "not_plain"),
        ("north", "unknown_case"),
    ]
    assert sector.desk.nis2(ZONE).view(case_id, "east") == before
    forged(sector, "north", case_id, "aware", 1)
    assert happened(sector, case_id) == {"east": {"aware"}, "north": {"aware"}}
    assert sector.desk.nis2(ZONE).view(case_id, "east") == before


def test_a_message_names_no_actor_and_none_can_be_smuggled_in(world) -> None:
    _, case_id = world
    body = json.loads(encode(Nis2Noted(case_id=case_id, serial=1, act="aware", minute=1, kind="new", why="")).body)
    assert sorted(body) == ["act", "case_id", "crosses", "kind", "minute", "serial", "why"]
    with pytest.raises(ValueError, match="actor"):
        Nis2Noted(**body, actor="east")


def test_one_that_was_noted_at_the_centre_meanwhile_is_a_line_and_changes_nothing(world) -> None:
    from bavn.centre.cases.nis2 import actor_steps as nis2_told
    from bavn.model.received import Nis2Step

    sector, case_id = world
    at_us = sector.nodes["east"].clock.now_us() - HOUR_US
    sector.desk.nis2(ZONE).note(case_id, "east", Nis2Act.AWARE, at_us, account("anna"))
    said = Nis2Step(
        item_id="ab" * 32,
        actor="east",
        case_id=case_id,
        act="aware",
        at_us=at_us - HOUR_US,
        correct=False,
        why="",
        received_us=at_us,
    )
    for _ in range(2):
        nis2_told.keep(sector.desk.engine, sector.nodes["east"].clock, said)
    assert sector.desk.nis2(ZONE).view(case_id, "east").happened == {Nis2Act.AWARE: at_us}
    late = [line for line in sector.desk.cases.audit_lines(case_id) if line.act == "nis2-too-late"]
    assert [line.who for line in late] == ["actor:east"]
