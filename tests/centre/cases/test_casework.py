"""Merge and split: nothing is lost, whatever the order of what people do (a state machine over both tables)."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from bavn.centre.cases import audit
from bavn.centre.cases.case.rows import UnknownCase
from bavn.centre.cases.nis2.clocks import Nis2Book
from bavn.centre.cases.tables import VERDICT
from bavn.model.moment import HOUR_US
from bavn.model.principal import account
from bavn.model.received import Attached
from bavn.model.sector.case import CaseAct, CaseState, NotNow
from bavn.model.sector.nis2 import Nis2Act
from bavn.model.sector.work import NoSuchStep, TaskAct, TaskState
from tests.centre.cases.room import NAMES, NOW_US, Room, lead


def test_a_merge_moves_everything_and_loses_nothing(room, two) -> None:
    first, second = two
    (task,) = room.work.ask(first, ["south"], "task", "Block it", account("anna"))
    room.work.say(first, account("anna"), "We look at it")
    room.work.attached(
        Attached(item_id="e" * 64, actor="south", case_id=first, words="", content=b"zip", received_us=NOW_US)
    )
    made = room.files.merge(first, second, account("anna"), "one campaign")
    assert {element.observable for element in made.facts.elements} == set(NAMES[:4])
    assert room.cases.case(first).state is CaseState.MERGED
    assert room.files.merged_into(first) == second
    assert room.files.merged_from(second) == (first,)
    assert room.work.task(task.id).case_id == second
    assert [said.text for said in room.work.words(second)] == ["We look at it"]
    assert [one.id for one in room.work.evidence(second)] == ["e" * 64]
    assert set(room.work.involved.actors(second)) == {"north", "south", "west"}
    assert made.facts.actors == 3
    room.work.heard(room.answer(replace(task, case_id=first), TaskAct.DONE))  # said before the actor heard of the merge
    assert room.work.task(task.id).state is TaskState.DONE
    with pytest.raises(NotNow, match="goes on"):
        room.work.say(first, account("anna"), "too late")
    assert audit.verify(room.engine) is None


def test_what_leads_say_later_follows_merge_and_split(room, two) -> None:
    first, second = two
    room.files.merge(first, second, account("anna"), "one campaign")
    made = room.files.split(second, [NAMES[0], NAMES[3]], account("anna"), "another one")
    room.cases.refresh([lead(1, (0, 1), score=12.0), lead(2, (2, 3, 4), score=3.0)])
    assert room.named(made.id) == {NAMES[0], NAMES[3]}
    assert room.named(second) == {NAMES[1], NAMES[2], NAMES[4]}
    scores = {one.observable: one.score for one in room.cases.case(made.id).facts.elements}
    assert scores == {NAMES[0]: 12.0, NAMES[3]: 3.0}
    room.work.involved.reported(lead(1).lead_id, [("east", NAMES[0], "T1071")])
    assert "east" in room.work.involved.actors(made.id)
    assert "east" not in room.work.involved.actors(second)
    back = room.files.merge(made.id, second, account("anna"), "it was one after all")
    assert {element.observable for element in back.facts.elements} == set(NAMES[:5])
    room.cases.refresh([lead(1, (0, 1), score=14.0)])
    assert max(one.score for one in room.cases.case(second).facts.elements) == 14.0


def test_a_split_of_a_confirmed_case_takes_its_verdicts_along(room) -> None:
    case = room.cases.open(lead(1, (0, 1, 2)))
    room.cases.act(case.id, CaseAct.TAKE, account("anna"), "")
    room.cases.act(case.id, CaseAct.CONFIRM, account("anna"), "yes")
    made = room.files.split(case.id, [NAMES[2]], account("bo"), "not the same")
    assert (made.state, made.owner) == (CaseState.CONFIRMED, account("anna"))
    with room.engine.connect() as connection:
        kept = {row.value: row.case_id for row in connection.execute(select(VERDICT))}
    assert kept == {NAMES[0].value: case.id, NAMES[1].value: case.id, NAMES[2].value: made.id}
    room.cases.act(made.id, CaseAct.DISMISS, account("bo"), "a supplier")
    assert room.cases.verdicts("benign").keys() == {NAMES[2]}
    assert room.cases.verdicts("malicious").keys() == {NAMES[0], NAMES[1]}


@pytest.mark.parametrize("chosen", [[], [0, 1], [5]])
def test_a_split_of_nothing_of_all_or_of_what_is_not_there_is_none(room, two, chosen) -> None:
    with pytest.raises(ValueError, match="a split names"):
        room.files.split(two[0], [NAMES[n] for n in chosen], account("anna"), "why not")
    assert room.named(two[0]) == set(NAMES[:2])


def test_what_must_not_be_merged_is_not(room, two) -> None:
    first, second = two
    with pytest.raises(ValueError, match="itself"):
        room.files.merge(first, first, account("anna"), "x")
    with pytest.raises(ValueError, match="reason"):
        room.files.merge(first, second, account("anna"), " ")
    room.cases.act(first, CaseAct.CONFIRM, account("anna"), "yes")
    with pytest.raises(NotNow, match="confirm that one first"):
        room.files.merge(first, second, account("anna"), "x")
    room.cases.act(first, CaseAct.RELEASE, account("anna"), "yes")
    for source, target in ((first, second), (second, first)):
        with pytest.raises(NotNow):
            room.files.merge(source, target, account("anna"), "x")
    with pytest.raises(UnknownCase):
        room.files.merge(second, "case-9", account("anna"), "x")
    assert room.named(second) == {NAMES[2], NAMES[3]}


def test_nis2_clocks_move_with_a_merge_and_never_run_twice(room, two) -> None:
    from datetime import UTC

    first, second = two
    book = Nis2Book(room.engine, room.clock, UTC)
    book.note(first, "north", Nis2Act.AWARE, NOW_US - HOUR_US, account("anna"))
    book.note(second, "north", Nis2Act.AWARE, NOW_US - 2 * HOUR_US, account("anna"))
    with pytest.raises(NotNow, match="north stand in both"):
        room.files.merge(first, second, account("anna"), "x")
    third = room.cases.open(lead(3, (4, 5))).id
    room.files.merge(first, third, account("anna"), "x")
    assert book.view(third, "north").happened == {Nis2Act.AWARE: NOW_US - HOUR_US}


class Sector(RuleBasedStateMachine):
    """People act on cases in any order. Nothing is ever lost: each element of each lead stands in exactly one case that
    goes on, each task keeps its id and stands in one too, and the audit log's chain holds."""

    cases = Bundle("cases")

    @initialize()
    def begin(self):
        self.room, self.tasks, self.leads, self.serial = Room(), {}, {}, 0

    @rule(target=cases, number=st.integers(1, 3))
    def open(self, number):
        self.leads[number] = lead(number, (2 * number - 2, 2 * number - 1))
        return self.room.cases.open(self.leads[number]).id

    @rule(case=cases, act=st.sampled_from([act for act in CaseAct if act is not CaseAct.MERGE]))
    def act(self, case, act):
        before = self.room.cases.case(case)
        try:
            after = self.room.cases.act(case, act, account("anna"), "because")
        except NotNow:
            assert self.room.cases.case(case) == before
            return
        assert after.state is not before.state
        if after.order_no != after.done_no:
            self.room.cases.done(case, after.order_no, None)

    @rule(source=cases, into=cases)
    def merge(self, source, into):
        before = self.room.cases.case(source), self.room.cases.case(into)
        try:
            self.room.files.merge(source, into, account("anna"), "one thing")
        except (NotNow, ValueError):
            assert (self.room.cases.case(source), self.room.cases.case(into)) == before

    @rule(target=cases, case=cases, at=st.integers(0, 5))
    def split(self, case, at):
        self.room.clock.advance(1)  # an id is made of the moment: twice the same within a microsecond is one
        elements = [element.observable for element in self.room.cases.case(case).facts.elements]
        try:
            return self.room.files.split(case, elements[at : at + 1], account("anna"), "another thing").id
        except (NotNow, ValueError):
            return case

    @rule(case=cases, to=st.sampled_from([account("anna"), account("bo")]))
    def hand_over(self, case, to):
        try:
            assert self.room.files.hand_over(case, account("anna"), to, "shift").owner == to
        except NotNow:
            return

    @rule(case=cases, actor=st.sampled_from(["north", "south"]))
    def ask(self, case, actor):
        try:
            (task,) = self.room.work.ask(case, [actor], "task", "Look", account("anna"))
        except NotNow:
            return
        self.tasks[task.id] = task

    @rule(data=st.data(), act=st.sampled_from(list(TaskAct)))
    def task(self, data, act):
        if not self.tasks:
            return
        task = self.room.work.task(data.draw(st.sampled_from(sorted(self.tasks))))
        if act in (TaskAct.CANCEL, TaskAct.REOPEN):
            try:
                self.room.work.change_task(task.id, act, account("anna"), "because")
            except NoSuchStep:
                assert self.room.work.task(task.id) == task
        else:
            self.serial += 1
            self.room.work.heard(self.room.answer(task, act, self.serial))

    @rule(number=st.integers(1, 3), score=st.floats(1, 20))
    def refresh(self, number, score):
        if number in self.leads:
            self.leads[number] = lead(number, (2 * number - 2, 2 * number - 1), score=score)
            self.room.cases.refresh([self.leads[number]])

    @invariant()
    def nothing_is_lost(self):
        goes_on = [case for case in self.room.cases.every() if case.state is not CaseState.MERGED]
        held = [element.observable for case in goes_on for element in case.facts.elements]
        wanted = {element.observable for facts in self.leads.values() for element in facts.elements}
        assert sorted(held) == sorted(wanted)
        standing_in = {case.id for case in goes_on}
        assert {task.id for task in self.room.work.tasks()} == set(self.tasks)
        assert all(task.case_id in standing_in for task in self.room.work.tasks())
        judged = {state: set() for state in ("malicious", "benign")}
        for case in goes_on:
            names = {element.observable for element in case.facts.elements}
            if case.state in (CaseState.CONFIRMED, CaseState.RELEASED, CaseState.CLOSED):
                judged["malicious"] |= names
            elif case.state is CaseState.DISMISSED:
                judged["benign"] |= names
        assert {name: set(self.room.cases.verdicts(name)) for name in judged} == judged

    def teardown(self):
        if hasattr(self, "room"):
            assert audit.verify(self.room.engine) is None
            self.room.engine.dispose()


Sector.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestSector = Sector.TestCase
