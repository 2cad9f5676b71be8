"""The life of an actor is one table: every state is reached, none is a dead end, and circles of waiting are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.sector.rollout import (
    INSIDE,
    LIFE,
    NEEDS,
    PATH,
    STAGES,
    STEPS,
    Does,
    Need,
    NoSuchStep,
    RolloutAct,
    Stage,
    Wait,
    circle,
    has_come,
    next_of,
    step_from,
)


def test_the_table_says_one_thing_for_each_state_and_act_and_reaches_every_state() -> None:
    assert len(LIFE) == len(STEPS)
    reached, asked = {Stage.CANDIDATE}, [Stage.CANDIDATE]
    while asked:
        here = asked.pop()
        for step in STEPS:
            if step.come_from is here and step.to not in reached | {None}:
                reached.add(step.to)
                asked.append(step.to)
    assert reached == set(Stage) == set(STAGES)
    assert {need for step in STEPS for need in step.needs} == set(Need) == set(NEEDS)
    assert {step.act for step in STEPS} == set(RolloutAct)
    assert all(any(step.come_from is stage for step in STEPS) for stage in Stage)


def test_nobody_operates_without_both_tests_an_agreement_and_a_certificate() -> None:
    """The way in has no short cut: taking any state out of it leaves the end out of reach."""
    for missing in PATH[1:-1]:
        reached, asked = {Stage.CANDIDATE}, [Stage.CANDIDATE]
        while asked:
            here = asked.pop()
            for step in STEPS:
                if step.come_from is here and step.to not in {*reached, None, missing}:
                    reached.add(step.to)
                    asked.append(step.to)
        assert Stage.OPERATING not in reached, missing
    assert Need.PROTOCOL in LIFE[Stage.ENROLLED, RolloutAct.ACCEPT].needs
    assert Need.PROTOCOL in LIFE[Stage.TRIAL, RolloutAct.PROVE].needs


def test_whoever_is_let_in_can_be_suspended_and_can_leave_and_leaving_ends_in_a_proof() -> None:
    for stage in INSIDE:
        assert step_from(stage, RolloutAct.SUSPEND).does is Does.SUSPENDS
        assert step_from(stage, RolloutAct.LEAVE).does is Does.REVOKES
    assert [step.needs for step in STEPS if step.to is Stage.LEFT] == [(Need.DELETION,)]
    with pytest.raises(NoSuchStep, match=r"the actor's state is left: operate is not possible now; possible: return"):
        step_from(Stage.LEFT, RolloutAct.OPERATE)


def test_how_far_somebody_has_come_counts_only_on_the_way_in() -> None:
    assert [next_of(stage) for stage in PATH] == [*PATH[1:], None]
    assert next_of(Stage.SUSPENDED) is None
    assert has_come(Stage.TRIAL, Stage.ENROLLED)
    assert not has_come(Stage.ENROLLED, Stage.TRIAL)
    assert not has_come(Stage.SUSPENDED, Stage.PLANNED)
    assert not has_come(Stage.LEFT, Stage.PLANNED)


WAITS = st.sets(
    st.builds(
        Wait, st.sampled_from("abcd"), st.sampled_from(PATH[1:]), st.sampled_from("abcd"), st.sampled_from(PATH[1:])
    ),
    max_size=10,
)


@given(WAITS)
def test_there_is_a_circle_exactly_where_some_states_can_never_be_reached(waits) -> None:
    """Letting everybody take each step that is free, over and over, leaves somebody behind if and only if there is a
    circle."""
    at = dict.fromkeys("abcd", 0)
    moved = True
    while moved:
        moved = False
        for name in at:
            if at[name] + 1 < len(PATH):
                to = PATH[at[name] + 1]
                if all(at[w.other] >= PATH.index(w.until) for w in waits if w.actor == name and w.stage is to):
                    at[name] += 1
                    moved = True
    assert bool(circle(waits)) == any(place < len(PATH) - 1 for place in at.values())
