"""NIS2's steps at the door: noted by people alone, of a case the actor is in, in an order that can be, once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.conversations.nis2_steps import NIS2_SQL, nis2_statements_of
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.sector.nis2 import Nis2Act
from bavn.wire.messages.catalogue import CasePart, PartClock
from tests import people_say
from tests.builders import suspicion

from .conftest import NOW_US, Actor, TestCentre

CASE = "case-00000000000000aa"


def a_part(version=1, **other) -> CasePart:
    plain = {
        "case_id": CASE,
        "version": version,
        "state": "triage",
        "techniques": (),
        "tlp": "TLP:AMBER",
        "pap": 2,
        "own": (),
        "tasks": (),
        "clocks": (),
        "words": (),
    }
    return CasePart(**plain | other)


def an_actor(centre, **policy):
    made = Actor("north", centre.key, suspicions=[suspicion()], policy=DoorPolicy(**policy))
    centre.to(made, a_part())
    return made


def note(actor, act, hours_ago=1.0, **more):
    at_us = actor.clock.now_us() - int(hours_ago * HOUR_US)
    number = people_say.of_nis2(
        actor.door.cases.nis2, more.pop("case_id", CASE), Nis2Act(act), at_us, more.pop("by", "bo"), **more
    )
    actor.door.cases.tell()
    return next(said for said in nis2_statements_of(actor.book.rows(NIS2_SQL)) if said.number == number)


def test_each_step_leaves_once_as_exactly_what_was_noted(centre) -> None:
    north = an_actor(centre)
    for act, hours in (("aware", 30), ("early-warning", 20), ("notification", 2)):
        assert note(north, act, hours).rule == ""
    assert north.door.cases.tell() == 0
    said = north.said()
    assert [(m.case_id, m.serial, m.act, m.kind, m.why) for m in said] == [
        (CASE, 1, "aware", "new", ""),
        (CASE, 2, "early-warning", "new", ""),
        (CASE, 3, "notification", "new", ""),
    ]
    assert [m.minute for m in said] == [(NOW_US - hours * HOUR_US) // MINUTE_US for hours in (30, 20, 2)]
    assert {value for m in said for value in m.privacy().values()} == {"S5"}
    assert {m.crosses for m in said} == {None}
    assert note(north, "progress", 1, crosses="yes").crosses == "yes"
    assert [m.crosses for m in north.said() if m.act == "progress"] == ["yes"]
    lines = north.ledger.lines(gate="door", kind="Nis2Noted")
    assert [(line.verdict, line.privacy, line.way) for line in lines] == [("passed", "S5", "out")] * 4


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ([("early-warning", 1, {})], "nis2_order"),
        ([("aware", 1, {}), ("aware", 2, {})], "nis2_order"),
        ([("aware", 2, {}), ("notification", 3, {})], "nis2_order"),
        ([("aware", 3, {}), ("notification", 2, {}), ("final", 1, {})], "nis2_order"),
        ([("aware", 2, {}), ("not-significant", 1, {})], "nis2_order"),
        ([("aware", 2, {}), ("aware", 3, {"correct": True})], "nis2_order"),
        ([("aware", -1, {})], "nis2_time"),
        ([("aware", 24 * 401, {})], "nis2_time"),
        ([("aware", 1, {"case_id": "case-00000000000000bb"})], "case_known"),
        ([("aware", 1, {"why": "seen on 10.1.2.3"})], "words_clean"),
    ],
)
def test_what_cannot_be_does_not_leave_and_says_why(centre, steps, rule) -> None:
    north = an_actor(centre)
    made = [note(north, act, hours, **dict(more)) for act, hours, more in steps]
    assert [one.rule for one in made] == [""] * (len(steps) - 1) + [rule]
    assert len(north.said()) == len(steps) - 1
    assert [line.rule for line in north.ledger.lines(gate="door", verdict="refused")] == [rule]


def test_corrections_count_within_policy_and_budget(centre) -> None:
    north = an_actor(centre)
    note(north, "aware", 2)
    assert note(north, "aware", 3, correct=True, why="the log says so").rule == ""
    assert [m.kind for m in north.said()] == ["new", "correction"]
    north = an_actor(centre)
    clock = PartClock(report="early-warning", due_us=NOW_US, sent_us=NOW_US - 3 * HOUR_US)
    centre.to(north, a_part(2, clocks=(clock,)))
    assert note(north, "early-warning", 2).rule == "nis2_order"
    assert note(north, "notification", 4).rule == "nis2_order"  # before the early warning
    assert note(north, "notification", 2).rule == ""
    assert note(an_actor(centre, note_nis2=False), "aware").rule == "note_nis2"
    few = an_actor(TestCentre(), case_answers_per_day_max=1)
    assert [note(few, "aware", 3).rule, note(few, "early-warning", 2).rule] == ["", "nis2_budget"]
    few.clock.advance(DAY_US + 1)
    assert note(few, "early-warning", 2).rule == ""


@settings(max_examples=25)
@given(by=st.text(min_size=1, max_size=20), seconds=st.integers(0, 59), host=st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_twins_who_noted_the_same_minute_send_the_same_bytes(by, seconds, host) -> None:
    """Who noted it, at which second, and what is suspected at home: none of it leaves."""

    def world(by, seconds, host):
        centre = TestCentre()
        made = Actor("north", centre.key, suspicions=[suspicion(host=str(host))])
        centre.to(made, a_part())
        at_us = NOW_US - NOW_US % MINUTE_US - HOUR_US + seconds * SECOND_US
        people_say.of_nis2(made.door.cases.nis2, CASE, Nis2Act.AWARE, at_us, by)
        made.door.cases.tell()
        return made.sealed()

    assert world(by, seconds, host) == world("anna", 0, "10.0.0.1")
