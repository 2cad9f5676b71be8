"""What is told when all blocks turn at once: piece by piece, each once, while new blocks go ahead, over restarts."""

import pytest

from bavn.actor.protect import protect as protect_module
from bavn.actor.protect import telling
from bavn.model.moment import DAY_US, SECOND_US

from .conftest import indicator, released, withdrawn

COUNT = 25


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pieces of 4, and at most 6 that wait for the door."""
    monkeypatch.setattr(telling, "PIECE", 4)
    monkeypatch.setattr(protect_module, "PIECE", 4)
    monkeypatch.setattr(telling, "TOLD_WAITING_MAX", 6)


@pytest.fixture
def many(make_actor):
    """An actor with 25 blocks in force, all told."""
    actor = make_actor()
    actor.protect.receive([released(indicator(f"evil-{n}.com", n=n + 1)) for n in range(COUNT)])
    actor.states()
    return actor


def told_by_steps(actor, steps=40):
    """What the door gets, step by step."""
    gotten = [actor.told()]
    for _ in range(steps):
        actor.clock.us += SECOND_US
        actor.protect.enforce_due()
        gotten.append(actor.told())
    return gotten


def test_the_kill_switch_empties_at_once_and_is_told_in_pieces_each_block_once(many) -> None:
    many.protect.kill_switch(on=True, by="anna")
    assert many.enforcer.holds == set()
    gotten = told_by_steps(many)
    assert max(map(len, gotten)) <= 4 + 6
    said = [outcome for some in gotten for outcome in some]
    assert len({outcome.indicator_id for outcome in said}) == len(said) == COUNT
    assert {(outcome.state, outcome.rule) for outcome in said} == {("lifted", "kill_switch")}


def test_while_the_door_takes_nothing_the_walk_rests_and_then_goes_on(many) -> None:
    many.protect.kill_switch(on=True, by="anna")
    for _ in range(40):
        many.clock.us += SECOND_US
        many.protect.enforce_due()
    assert len(many.protect.take()) < COUNT
    assert sum(map(len, told_by_steps(many))) == COUNT


def test_a_walk_is_gone_on_with_after_a_restart(many) -> None:
    many.enforcer.broken = True
    many.clock.us += 600 * SECOND_US
    many.protect.enforce_due()
    first = many.told()
    assert {outcome.state for outcome in first} == {"partly"}
    assert 0 < len(first) < COUNT
    many.enforcer.broken = True
    many.again()
    rest = [outcome for some in told_by_steps(many) for outcome in some]
    assert len({outcome.indicator_id for outcome in (*first, *rest)}) == COUNT
    assert len(first) + len(rest) == COUNT


def test_a_new_block_and_a_lift_are_told_at_once_in_the_middle_of_a_walk(many) -> None:
    many.enforcer.broken = True
    many.clock.us += 600 * SECOND_US
    many.protect.enforce_due()
    many.told()
    new, old = indicator("new.com", n=900), indicator(f"evil-{COUNT - 1}.com", n=COUNT)
    many.protect.receive([released(new), withdrawn(old)])
    assert new.id in [outcome.indicator_id for outcome in many.told()]
    many.enforcer.broken = False
    last = {one.indicator_id: one.state for some in told_by_steps(many) for one in some}
    assert len(last) == COUNT + 1
    assert last.pop(old.id) == "lifted"
    assert set(last.values()) == {"enforced"}


def test_an_enforcer_that_came_back_before_its_fall_was_told_is_no_news_for_the_rest(many) -> None:
    many.enforcer.broken = True
    many.clock.us += 600 * SECOND_US
    many.protect.enforce_due()
    fallen = {outcome.indicator_id for outcome in many.told()}
    many.enforcer.broken = False
    many.clock.us += 5 * SECOND_US  # it is tried again
    many.protect.enforce_due()
    assert 0 < len(fallen) < COUNT
    risen = [outcome for some in told_by_steps(many) for outcome in some]
    assert {outcome.indicator_id for outcome in risen} == fallen
    assert {outcome.state for outcome in risen} == {"enforced"}


def test_what_ends_all_at_once_is_out_of_force_at_once_and_noted_in_pieces(many) -> None:
    many.clock.us += 11 * DAY_US
    many.protect.enforce_due()
    assert many.enforcer.holds == set()
    assert 0 < len(many.protect.blocks()) < COUNT
    said = [outcome for some in told_by_steps(many) for outcome in some]
    assert many.protect.blocks() == []
    assert sorted({outcome.indicator_id for outcome in said}) == sorted(outcome.indicator_id for outcome in said)
    assert {(outcome.state, outcome.rule) for outcome in said} == {("lifted", "expired")}
    assert len(said) == COUNT
