"""Sources that are noise are suspended, with a reason; what actors met stands with what was proposed."""

import pytest

from bavn.centre.cases.intelligence.sources import SUSPENDED
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from tests.centre.node.intel_world import EVIL, NOW_US, hit


def test_noise_is_suspended_with_a_reason_and_counts_no_more_until_a_person_takes_it_up(make_world) -> None:
    world = make_world(judged_min=3)
    world.source("aa")
    names = [f"a{n}.example.com" for n in range(6)]
    world.says("aa", *names)
    world.sync("aa")
    for name in names[:3]:
        assert world.intel.suspend_noise() == []
        world.intel.proposals.dismiss(Observable.of("domain", name), account("Anna Berg"), "a shop")
    world.intel.tidy()
    state = world.intel.sources.get("aa")
    assert (state.state, state.why) == (SUSPENDED, "3 of 3 judged claims were false")
    left = world.proposal(Observable.of("domain", "a5.example.com"))
    assert world.intel.weight(left).confidence == 0
    with pytest.raises(NotAllowed, match="were false"):
        world.sync("aa")
    world.intel.sources.resume("aa", account("Bo Lund"), "the shop was a mistake of ours")
    assert world.intel.weight(left).confidence > 0


def test_a_source_of_which_nothing_can_be_used_is_noise(world) -> None:
    world.source("aa")
    world.says("aa", *(f"10.0.0.{n}" for n in range(120)), "evil.example.com")
    world.sync("aa")
    assert world.intel.suspend_noise() == ["aa"]
    assert world.intel.sources.get("aa").why == "120 of 121 items could not be used"


def test_what_an_actor_met_stands_with_the_proposal(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com", "only.example.com")
    world.sync("aa")
    asked = world.questions.ask([EVIL], ["north"], account("Anna Berg"), why="is it here?", since_us=NOW_US - DAY_US)
    world.questions.approve(asked.id, account("Bo Lund"))
    hit(world, EVIL)
    world.intel.tidy()
    assert world.proposal().met == {"north": "question"}
    assert world.intel.proposals.every(met=True)[0].observable == EVIL


def test_what_must_stay_at_the_centre_becomes_no_case(world) -> None:
    world.source("aa", tlp=Tlp.AMBER_STRICT)
    world.says("aa", "evil.example.com")
    world.sync("aa")
    with pytest.raises(NotAllowed, match="stays at the centre"):
        world.intel.open_case(EVIL, account("Anna Berg"))
