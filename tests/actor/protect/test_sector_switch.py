"""The sector's kill switch at the node: all of the centre's is lifted at once, and back; old turns change nothing."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.wire.messages.catalogue import SectorSwitched

from .conftest import indicator, released

BY, WHY = "Anna Berg", "a bad feed"


def turn(number, state):
    return SectorSwitched(number=number, state=state, at_us=number, by=BY, why=WHY)


def two_blocks(make_actor):
    actor = make_actor()
    names = ("evil-a.com", "evil-b.com")
    actor.protect.receive([released(indicator(name, n=n)) for n, name in enumerate(names, 1)])
    assert actor.enforcer.holds == set(names)
    actor.told()
    return actor


def test_on_lifts_everything_behind_nothing_and_off_puts_it_back(make_actor) -> None:
    """The queue is full of things to look at; the switch is heard before any of them."""
    actor = two_blocks(make_actor)
    actor.take_in(turn(1, "on"))
    actor.protect.enforce_due()
    assert actor.enforcer.holds == actor.watcher.holds == set()
    assert actor.states() == [("lifted", (), "sector_kill_switch")] * 2
    actor.protect.receive([released(indicator("evil-c.com", n=3))])
    assert actor.enforcer.holds == set()
    actor.take_in(turn(2, "off"))
    actor.protect.enforce_due()
    assert actor.enforcer.holds == {"evil-a.com", "evil-b.com", "evil-c.com"}
    actor = two_blocks(make_actor)
    for n in range(5, 400):
        actor.take_in(released(indicator(f"evil-{n}.com", n=n)))
    actor.take_in(turn(1, "on"))
    assert actor.protect.killed_by == "sector_kill_switch"
    actor.protect.enforce_due()
    assert actor.enforcer.holds == set()
    assert all(not blocks for blocks in actor.enforcer.calls[2:])


def test_a_turn_played_again_changes_nothing_and_it_outlives_a_restart(make_actor) -> None:
    actor = two_blocks(make_actor)
    for number, state in ((1, "on"), (2, "off"), (1, "on"), (2, "off"), (2, "on")):
        actor.take_in(turn(number, state))
        actor.protect.enforce_due()
    assert actor.enforcer.holds == {"evil-a.com", "evil-b.com"}
    lines = [(line.verdict, line.rule) for line in actor.lines() if line.kind == "SectorSwitched"]
    assert lines == [("passed", ""), ("passed", ""), *[("refused", "switch_new")] * 3]
    actor = two_blocks(make_actor)
    actor.take_in(turn(1, "on"))
    actor.again()
    assert actor.enforcer.holds == set()
    assert {rule for _, _, rule in actor.states()} == {"sector_kill_switch"}
    actor.protect.kill_switch(on=True, by="operator")
    actor.take_in(turn(2, "off"))
    actor.protect.enforce_due()
    assert actor.enforcer.holds == set()
    actor.protect.kill_switch(on=False, by="operator")
    assert actor.enforcer.holds == {"evil-a.com", "evil-b.com"}


TURNS = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["on", "off"])), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(turns=TURNS)
def test_the_highest_turn_that_came_rules_whatever_the_order(turns, make_actor) -> None:
    actor = two_blocks(make_actor)
    highest, on = 0, False
    for number, state in turns:
        actor.take_in(turn(number, state))
        actor.protect.enforce_due()
        if number > highest:
            highest, on = number, state == "on"
        assert actor.protect.killed == on
        assert actor.enforcer.holds == (set() if on else {"evil-a.com", "evil-b.com"})
