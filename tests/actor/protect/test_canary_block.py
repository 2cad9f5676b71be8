"""A canary's name in force: beside the real blocks, told to nobody, gone at its end; and why it cannot be tried."""

from bavn.actor.protect.carriers import Enforcers
from bavn.model.intel.indicator import Block
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.observable import ObservableType
from bavn.model.sector.canary import indicator_id, name_of

from .conftest import indicator, released

NAME = name_of(20_000)


def block(actor):
    return Block(NAME, indicator_id(20_000), actor.clock.now_us() + 10 * MINUTE_US)


def test_it_is_in_force_beside_the_others_and_a_restart_leaves_nothing_of_it(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    actor.told()
    before = len(actor.lines())
    assert actor.protect.try_canary(block(actor)) == ""
    assert actor.enforcer.holds == {NAME.value, "evil-c2.com"}
    assert actor.told() == []
    assert len(actor.lines()) == before, "nothing crossed gate 4"
    assert [item.observable.value for item in actor.protect.blocks()] == ["evil-c2.com"]
    actor.clock.us += 10 * MINUTE_US + SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor = make_actor()
    actor.protect.try_canary(block(actor))
    actor.again()
    assert actor.enforcer.holds == set()
    actor = make_actor()
    actor.enforcer.broken = True
    assert actor.protect.try_canary(block(actor)) == "enforcer-down"
    actor.protect.kill_switch(on=True, by="anna")
    assert actor.protect.try_canary(block(actor)) == "kill-switch"
    actor.enforcer.broken = False
    actor.enforcer.carries = frozenset({ObservableType.IP4})
    actor.again(enforcers=Enforcers((actor.enforcer,), ()))
    actor.protect.kill_switch(on=False, by="anna")
    assert actor.protect.try_canary(block(actor)) == "no-enforcer"
    assert actor.enforcer.holds == set()
