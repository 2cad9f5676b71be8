"""People at one case: hand-over, marks, tasks and their answers, evidence, deadlines, and two who act at once."""

import threading
from dataclasses import replace

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Files, Marking
from bavn.centre.cases.case.pages import CaseAsk, case_page
from bavn.centre.cases.case.rows import ChangedMeanwhile, standing
from bavn.centre.cases.case.work import UnknownTask, Work
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.store.engine import open_engine
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.principal import account
from bavn.model.received import Attached, Withdrawal
from bavn.model.sector.case import CaseAct, CaseState, NotNow
from bavn.model.sector.work import NoSuchStep, TaskAct, TaskState
from bavn.model.settings import SettingsError
from bavn.rehearsal.clock import SimClock
from tests.centre.cases.room import NAMES, NOW_US, lead


def test_a_hand_over_names_both_and_a_case_nobody_took_has_none(room, two) -> None:
    with pytest.raises(NotNow, match="take it"):
        room.files.hand_over(two[0], account("anna"), account("bo"), "holidays")
    room.cases.act(two[0], CaseAct.TAKE, account("anna"), "")
    assert room.files.hand_over(two[0], account("anna"), account("bo"), "holidays").owner == account("bo")
    assert room.cases.case(two[0]).owner == account("bo")
    (line,) = [line for line in room.cases.audit_lines(two[0]) if line.act == "hand-over"]
    assert '"from":"anna","proved":{"how":"session","id":"account:anna"},"to":"bo","why":"holidays"' in line.detail
    for wrong in (
        (two[0], account("anna"), account("bo"), "again"),
        (two[0], account("anna"), "centre", "x"),
        (two[0], account("anna"), account("carl"), ""),
    ):
        with pytest.raises((NotNow, NotAllowed, ValueError)):
            room.files.hand_over(*wrong)


def test_who_saw_an_older_case_changes_nothing(room, two) -> None:
    case_id = two[0]
    seen = room.standing(case_id)
    room.work.ask(case_id, ["south"], "task", "Look", account("bo"), seen=seen)
    acts = (
        lambda: room.cases.act(case_id, CaseAct.DISMISS, account("anna"), "no", seen=seen),
        lambda: room.files.mark(case_id, account("anna"), Marking(tlp=Tlp.RED), seen=seen),
        lambda: room.files.merge(case_id, two[1], account("anna"), "x", seen=seen),
        lambda: room.files.split(case_id, [NAMES[0]], account("anna"), "x", seen=seen),
        lambda: room.work.ask(case_id, ["south"], "task", "Look again", account("anna"), seen=seen),
    )
    lines = len(room.cases.audit_lines(case_id))
    for act in acts:
        with pytest.raises(ChangedMeanwhile):
            act()
    assert len(room.cases.audit_lines(case_id)) == lines
    room.cases.act(case_id, CaseAct.DISMISS, account("anna"), "no", seen=room.standing(case_id))
    assert room.cases.case(case_id).state is CaseState.DISMISSED


def test_of_two_who_act_at_once_one_wins(tmp_path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'c.db'}")
    clock = SimClock(NOW_US)
    case_id = Cases(engine, clock).open(lead()).id
    with engine.connect() as connection:
        seen = standing(connection, case_id)
    start, outcomes = threading.Barrier(4), []

    def act(who):
        files = Files(engine, clock)
        start.wait()
        try:
            files.mark(case_id, who, Marking(rsit="test/test"), who, seen)
            outcomes.append(who)
        except ChangedMeanwhile:
            outcomes.append(None)

    threads = [threading.Thread(target=act, args=(f"person {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([who for who in outcomes if who]) == 1
    assert audit.verify(engine) is None
    engine.dispose()


def test_marks_are_checked_and_not_tightened_while_indicators_are_out(room, two) -> None:
    good = Marking(
        tlp=Tlp.AMBER_STRICT, pap=Pap.AMBER, rsit="malicious-code/c2-server", techniques=("T1566", "T1071.001")
    )
    room.files.mark(two[0], account("anna"), good)
    assert room.files.marking(two[0]) == replace(good, techniques=("T1071.001", "T1566"))
    for bad in (Marking(rsit="malware/c2"), Marking(techniques=("T1", "x")), Marking(techniques=("T1071.01",))):
        with pytest.raises(ValueError, match=r"RSIT|ATT&CK"):
            room.files.mark(two[0], account("anna"), bad)
    room.cases.act(two[1], CaseAct.CONFIRM, account("anna"), "yes")
    room.cases.act(two[1], CaseAct.RELEASE, account("anna"), "yes")
    for tighter in (Marking(tlp=Tlp.RED), Marking(pap=Pap.AMBER)):
        with pytest.raises(NotNow, match="withdraw"):
            room.files.mark(two[1], account("anna"), tighter)
    room.files.mark(two[1], account("anna"), Marking(tlp=Tlp.GREEN, pap=Pap.CLEAR))


def test_a_task_is_answered_once_and_late_answers_are_a_line(room, two) -> None:
    (task,) = room.work.ask(two[0], ["south"], "question", "Do you run it?", account("anna"))
    room.clock.advance(HOUR_US)
    said = room.answer(task, TaskAct.ACKNOWLEDGE, 1, "looking")
    for _ in range(2):
        room.work.heard(said)
    room.work.heard(room.answer(task, TaskAct.NOT_APPLICABLE, 2))
    assert room.work.task(task.id).met_us == (NOW_US + HOUR_US,) * 3
    room.work.heard(room.answer(task, TaskAct.DONE, 3))
    kept = room.work.task(task.id)
    assert (kept.state, kept.answer) == (TaskState.NOT_APPLICABLE, "looking")
    acts = [line.act for line in room.cases.audit_lines(two[0])]
    assert acts.count("task-acknowledge") == 1
    assert acts.count("answer-too-late") == 1
    room.work.change_task(task.id, TaskAct.REOPEN, account("anna"), "look again")
    with pytest.raises(ValueError, match="the actor's"):
        room.work.change_task(task.id, TaskAct.DONE, account("anna"), "x")
    with pytest.raises(UnknownTask):
        room.work.change_task("f" * 32, TaskAct.CANCEL, account("anna"), "x")
    room.work.change_task(task.id, TaskAct.CANCEL, account("anna"), "no more")
    with pytest.raises(NoSuchStep):
        room.work.change_task(task.id, TaskAct.CANCEL, account("anna"), "no more")


def test_gate_2_is_told_what_an_actor_may_say(room, two) -> None:
    (task,) = room.work.ask(two[0], ["south"], "task", "Look", account("anna"))
    may = room.work.may_answer
    assert may(two[0], "south", task.id, "done") is None
    assert may(two[0], "south", None, "words") is None
    for asked, rule_ in (
        ((two[0], "east", None, "words"), "unknown_case"),
        (("case-9", "south", None, "words"), "unknown_case"),
        ((two[0], "north", task.id, "done"), "unknown_task"),
        ((two[1], "west", task.id, "done"), "unknown_task"),
        ((two[0], "south", None, "done"), "unknown_task"),
        ((two[0], "south", task.id, "words"), "unknown_task"),
    ):
        assert may(*asked).rule == rule_, asked
    room.work.heard(room.answer(task, TaskAct.DONE))
    assert may(two[0], "south", task.id, "acknowledge").rule == "task_step"
    small = Work(room.engine, room.clock, CaseSettings(evidence_mb_max=1))
    assert small.may_attach(two[0], "south", 900_000) is None
    assert small.may_attach(two[0], "south", 1_100_000).rule == "case_full"
    assert small.may_attach(two[0], "east", 10).rule == "unknown_case"


def test_evidence_goes_when_it_was_kept_long_enough_and_its_line_stays(room, two) -> None:
    said = {"actor": "south", "case_id": two[0], "words": "", "content": b"zip"}
    room.work.attached(Attached(**said, item_id="e" * 64, received_us=NOW_US))
    room.clock.advance(300 * DAY_US)
    room.work.attached(Attached(**said, item_id="f" * 64, received_us=room.clock.now_us()))
    assert room.work.forget() == 0
    room.clock.advance(101 * DAY_US)
    seen = room.standing(two[0])
    assert room.work.forget() == 1
    assert [one.id for one in room.work.evidence(two[0])] == ["f" * 64]
    assert [line.act for line in room.cases.audit_lines(two[0])][-1] == "evidence-forgotten"
    assert room.standing(two[0]) == seen


def test_who_takes_a_report_back_is_in_no_case_and_hours_fit_between_those_given(room, two) -> None:
    said = Withdrawal(item_id="1" * 64, actor="south", observable=NAMES[1], received_us=NOW_US)
    room.work.involved.taken_back(said)
    assert set(room.work.involved.actors(two[0])) == {"north"}
    room.work.involved.add(two[0], "south", account("anna"), "it asked for help")
    assert room.work.involved.actors(two[0]) == {"north": False, "south": True}
    given = CaseSettings()
    for asked in ({"done": 2}, {"acknowledge": 100}, {"applies": 1000}, {"done": 10, "acknowledge": 10}):
        made = given.deadlines(**asked)
        assert all(getattr(made, name) == hours for name, hours in asked.items())
    with pytest.raises(ValueError, match="hours"):
        given.deadlines(acknowledge=10, done=2)


@pytest.mark.parametrize("hours", [{"done_hours": 1}, {"applies_hours": 999}])
def test_deadlines_in_the_wrong_order_are_one_clear_error(hours) -> None:
    with pytest.raises(SettingsError, match="acknowledge_hours"):
        CaseSettings(**hours)


def test_in_a_case_that_is_over_nothing_is_owed_and_again_when_it_is_opened_again(room, two) -> None:
    case_id = two[0]
    room.work.ask(case_id, ["south"], "task", "Look", account("bo"))
    owed = [task.actor for task in room.work.tasks(running=True)]
    assert owed == ["south"]
    room.cases.act(case_id, CaseAct.DISMISS, account("anna"), "a supplier's own")
    assert room.work.tasks(running=True) == ()
    assert [task.state for task in room.work.tasks(case_id)] == [TaskState.OPEN]
    (line,) = [
        one for one in case_page(room.engine, CaseAsk(), 10, room.clock.now_us() + 9 * DAY_US) if one.case.id == case_id
    ]
    assert (line.owed, line.overdue) == (0, 0)
    room.cases.act(case_id, CaseAct.REOPEN, account("anna"), "it is not")
    assert [task.actor for task in room.work.tasks(running=True)] == owed
