"""What sources are asked of the sector for, within budgets, and what each of them was worth."""

import pytest

from bavn.centre.cases.intelligence.sources import SUSPENDED
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from tests.centre.node.intel_world import EVIL, LISTED, hit

# --- hunts ---------------------------------------------------------------------------------------------------------


def test_new_indicators_are_hunted_for_within_budgets_when_two_people_agreed(make_world) -> None:
    world = make_world(hunts_per_day=4)
    world.source("aa", hunts_per_day=3)
    world.source("bb", hunts_per_day=3)
    world.says("aa", *(f"a{n}.example.com" for n in range(9)), "listed.example.org", "http://x.example.com/path?q")
    world.says("bb", *(f"b{n}.example.com" for n in range(9)))
    for name in ("aa", "bb"):
        world.sync(name)
    world.intel.tidy(("north", "south"))
    assert world.questions.every() == (), "nobody has agreed"
    with pytest.raises(NotAllowed):
        world.intel.sources.allow_hunts("aa", "anna berg")
    for name in ("aa", "bb"):
        world.intel.sources.allow_hunts(name, account("Bo Lund"))
    world.intel.tidy(("north", "south"))
    world.intel.tidy(("north", "south"))
    asked = [one for view in world.questions.every() for one in view.question.observables]
    assert len(asked) == len(set(asked)) == 4
    assert {one.value[0] for one in asked} == set("ab")
    assert LISTED not in asked
    question = world.questions.every()[0].question
    assert (question.asked_by, question.approved_by, question.to) == (
        account("Anna Berg"),
        account("Bo Lund"),
        ("north", "south"),
    )
    world.clock.advance(DAY_US)
    world.intel.tidy(("north", "south"))
    assert len([one for view in world.questions.every() for one in view.question.observables]) == 8
    world.intel.sources.set("aa", account("Bo Lund"), hunts_per_day=5)
    assert world.intel.sources.get("aa").hunts_by == "", "a changed source needs its second person anew"


def test_what_must_stay_at_the_centre_is_not_asked_of_actors(world) -> None:
    world.source("aa", hunts_per_day=5, tlp=Tlp.AMBER_STRICT)
    world.says("aa", "evil.example.com")
    world.sync("aa")
    world.intel.sources.allow_hunts("aa", account("Bo Lund"))
    world.intel.tidy(("north",))
    assert world.questions.every() == ()
    with pytest.raises(NotAllowed, match="stays at the centre"):
        world.intel.open_case(EVIL, account("Anna Berg"))


# --- worth ---------------------------------------------------------------------------------------------------------


def test_a_source_is_worth_its_hits_its_lead_and_what_only_it_has(world) -> None:
    world.source("aa", hunts_per_day=20)
    world.source("bb")
    for name in ("aa", "bb"):
        world.says(name, "old.example.com")
        world.sync(name)
    world.clock.advance(HOUR_US)
    world.says("aa", "old.example.com", "evil.example.com", "only.example.com")
    world.sync("aa")
    world.clock.advance(6 * HOUR_US)
    world.says("bb", "old.example.com", "evil.example.com")
    world.sync("bb")
    world.intel.sources.allow_hunts("aa", account("Bo Lund"))
    world.intel.tidy(("north",))
    hit(world, EVIL)
    world.intel.tidy(("north",))
    useful = world.intel.usefulness()
    a, b = useful["aa"], useful["bb"]
    assert (a.claims, a.hits, a.shared, a.compared, a.first, a.lead_hours, a.unique) == (3, 1, 2, 1, 1, 6.0, 1)
    assert (b.claims, b.hits, b.compared, b.first, b.lead_hours, b.unique) == (2, 1, 1, 0, None, 0)
    assert a.score > b.score
    assert world.proposal().met == {"north": "question"}
    assert world.intel.proposals.every(met=True)[0].observable == EVIL


def test_noise_is_suspended_with_a_reason_and_counts_no_more_until_a_person_takes_it_up(make_world) -> None:
    world = make_world(judged_min=3)
    world.source("aa")
    names = [f"a{n}.example.com" for n in range(6)]
    world.says("aa", *names)
    world.sync("aa")
    for name in names[:3]:
        assert world.intel.suspend_noise() == []
        world.intel.proposals.dismiss(Observable.of("domain", name), account("Anna Berg"), "a shop")
    world.intel.tidy(())
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
