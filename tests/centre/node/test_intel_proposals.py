"""What sources claim becomes one proposal for each observable, ages, and is taken back."""

import pytest

from bavn.centre.cases.intelligence.proposals import OVER, WITHDRAWN
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.moment import DAY_US, iso
from bavn.model.ports import LinkDown
from bavn.model.principal import account
from bavn.model.sector.intel import BadSource
from tests.centre.node.intel_world import (
    BAD,
    EVIL,
    NOW_US,
    stix,
)


def test_many_sources_one_proposal_and_independent_parties_add_up(world) -> None:
    world.partner()
    world.source("aa")
    world.source("bb")
    world.source("p1", partner="cert-nord", confidence=50)
    world.source("p2", partner="cert-nord", confidence=50)
    for name in ("aa", "bb", "p1", "p2"):
        world.says(name, "Evil.example.com" if name == "bb" else "evil[.]example.com")
        world.sync(name)
    found = world.proposal()
    assert {one.source for one in found.claims} == {"aa", "bb", "p1", "p2"}
    assert world.intel.proposals.count() == 1
    weight = world.intel.weight(found)
    assert weight.parties == ("partner:cert-nord", "source:aa", "source:bb")
    assert weight.confidence == round(100 * (1 - 0.75 * 0.75 * 0.6)), "two sources of one partner count once"
    world.intel.sources.suspend("aa", account("Anna Berg"), "noise")
    assert world.intel.weight(world.proposal()).parties == ("partner:cert-nord", "source:bb")


def test_what_is_not_on_the_list_any_more_is_withdrawn_and_may_come_back(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com", "45.9.148.20")
    world.sync("aa")
    world.says("aa", "45.9.148.20")
    assert world.sync("aa").counts.withdrawn == 1
    assert [one.gone for one in world.proposal().claims] == [WITHDRAWN]
    assert world.intel.weight(world.proposal()).parties == ()
    assert [str(p.observable) for p in world.intel.proposals.every()] == ["ip4:45.9.148.20"]
    world.says("aa", "45.9.148.20", "evil.example.com")
    assert world.sync("aa").counts.new == 1
    assert [one.gone for one in world.proposal().claims] == [""]


def test_a_claim_ages_by_its_type_and_a_kept_list_refreshes_what_stands_on_it(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com", "45.9.148.20")
    world.sync("aa")
    world.clock.advance(20 * DAY_US)
    world.says("aa", "evil.example.com", "45.9.148.20", "new.example.com")
    world.sync("aa")
    world.clock.advance(20 * DAY_US)
    world.intel.tidy()
    assert not world.proposal(BAD).claims[0].gone, "the list was kept 20 days ago"
    world.sync("aa")
    world.clock.advance(11 * DAY_US)
    world.intel.tidy()
    assert world.proposal(BAD).claims[0].gone == OVER, "an unchanged list refreshes nothing"
    assert not world.proposal(EVIL).claims[0].gone, "a name lives longer than an address"
    world.says("aa", "evil.example.com", "45.9.148.20")
    world.sync("aa")
    assert not world.proposal(BAD).claims[0].gone, "what aged and still stands on a kept list is claimed again"


def test_its_own_end_is_never_passed(world) -> None:
    world.source("ss", "stix", trust=60)
    world.net.places["https://intel.example/ss"] = stix("evil.example.com", valid_until=iso(NOW_US + 2 * DAY_US))
    world.sync("ss")
    world.clock.advance(2 * DAY_US)
    world.intel.tidy()
    assert world.proposal().claims[0].gone == OVER


def test_an_error_page_withdraws_nothing(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com")
    world.sync("aa")
    world.says("aa", "<html>", "<b>502 Bad Gateway</b>")
    failed = world.sync("aa")
    assert "nothing in it can be used" in failed.failure
    assert not world.proposal().claims[0].gone
    assert world.intel.sources.get("aa").failure == failed.failure
    world.net.places["https://intel.example/aa"] = LinkDown("no route")
    assert world.sync("aa").failure == "no route"


def test_a_source_that_ended_claims_nothing_and_is_asked_no_more(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com")
    world.sync("aa")
    world.intel.end("aa", account("Anna Berg"), "no longer paid for")
    assert world.proposal().claims[0].gone == WITHDRAWN
    with pytest.raises(NotAllowed):
        world.sync("aa")
    with pytest.raises(BadSource, match="never given twice"):
        world.source("aa")
