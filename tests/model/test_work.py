"""A task walks its table and nothing else; its deadlines stand where they are said to; RSIT's codes are whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.intel import rsit
from bavn.model.moment import HOUR_US
from bavn.model.sector.work import (
    ACTOR_ACTS,
    STEPS,
    TASK_CYCLE,
    Deadlines,
    DueState,
    NoSuchStep,
    Task,
    TaskAct,
    TaskState,
    is_plain,
    task_after,
)

NOW_US = 1_800_000_000_000_000


def a_task(**other):
    plain = {
        "id": "0" * 32,
        "case_id": "case-00000000000000aa",
        "actor": "north",
        "kind": "task",
        "text": "Look",
        "by": "anna",
        "given_us": NOW_US,
        "hours": Deadlines(acknowledge=2, applies=5, done=10),
        "state": TaskState.OPEN,
    }
    return Task(**plain | other)


@given(acts=st.lists(st.tuples(st.sampled_from(list(TaskAct)), st.integers(0, 20)), max_size=8))
def test_a_task_walks_the_table_and_keeps_when_each_step_was_met(acts):
    from dataclasses import replace

    task, now_us = a_task(), NOW_US
    for act, hours in acts:
        now_us += hours * HOUR_US
        if (task.state, act) not in TASK_CYCLE:
            with pytest.raises(NoSuchStep):
                task_after(task.state, act)
            continue
        before = task
        task = replace(task, state=task_after(task.state, act), met_us=task.reached(act, now_us))
        if act is TaskAct.REOPEN:
            assert task.met_us == (None, None, None)
        else:
            assert all(was is None or was == met for was, met in zip(before.met_us, task.met_us, strict=True))
        met = [at_us for at_us in task.met_us if at_us is not None]
        assert met == sorted(met)
        standing = {step: state for step, _, state in task.dues(now_us, HOUR_US)}
        if task.state in (TaskState.DONE, TaskState.NOT_APPLICABLE):
            assert set(standing.values()) <= {DueState.MET, DueState.LATE}
        if task.state is TaskState.OPEN:
            assert standing["acknowledge"] not in (DueState.MET, DueState.LATE, DueState.VOID)


def test_every_act_leads_somewhere_and_every_type_of_rsit_has_words() -> None:
    assert {act for state, act in TASK_CYCLE if state is TaskState.OPEN} >= ACTOR_ACTS
    assert all(act not in ACTOR_ACTS for state, act in TASK_CYCLE if TASK_CYCLE[state, act] is TaskState.CANCELLED)
    assert {code.partition("/")[0] for code in rsit.TYPES} == set(rsit.CLASSES)
    assert len(rsit.TYPES) == 39
    assert rsit.words("malicious-code/c2-server").da.startswith("skadelig kode")
    assert not rsit.known("malicious-code/other")


@pytest.mark.parametrize(
    ("hours", "state", "standing"),
    [
        (0, TaskState.OPEN, ("waiting", "waiting", "waiting")),
        (1.5, TaskState.OPEN, ("due-soon", "waiting", "waiting")),
        (2.5, TaskState.OPEN, ("overdue", "waiting", "waiting")),
        (4.5, TaskState.ACKNOWLEDGED, ("not-owed", "due-soon", "waiting")),
        (11, TaskState.CANCELLED, ("not-owed", "not-owed", "not-owed")),
    ],
)
def test_a_deadline_is_waited_for_then_soon_then_overdue(hours, state, standing) -> None:
    found = a_task(state=state).dues(NOW_US + round(hours * HOUR_US), HOUR_US)
    named = tuple("not-owed" if one is DueState.VOID else one.value for _, _, one in found)
    assert named == standing
    assert [step for step, _, _ in found] == list(STEPS)


@pytest.mark.parametrize("hours", [(0, 1, 2), (3, 2, 4), (1, 5, 4), (1, 2, 99_999)])
def test_deadlines_out_of_order_or_bounds_are_none(hours) -> None:
    with pytest.raises(ValueError, match="hours"):
        Deadlines(acknowledge=hours[0], applies=hours[1], done=hours[2])


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\u202eb", "zero\u200bwidth", "bell\x07", "\x9b"])
def test_what_could_fool_a_screen_is_not_plain(text) -> None:
    assert not is_plain(text)
    assert is_plain("Blåbærgrød: 3 linjer\n\tok")
