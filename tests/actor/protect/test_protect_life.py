"""A block's life: it begins, ends and is lifted by the clock; enforcers fail and return; what is told of it."""

import json

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.sightings import Hit
from bavn.model.intel.indicator import Sighting
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.text import Text

from .conftest import indicator, released, withdrawn

T0 = 1_795_000_000_000_000


def test_a_block_ends_by_this_nodes_clock_alone_also_while_it_is_off(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + HOUR_US - 1
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us = T0 + HOUR_US
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert actor.states()[-1] == ("lifted", (), "expired")
    actor = make_actor()
    actor.protect.receive([released(indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + HOUR_US
    actor.protect.receive([released(indicator("b.org", n=2))])
    assert actor.enforcer.holds == {"b.org"}
    actor = make_actor()
    actor.protect.receive([released(indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + DAY_US
    actor.again()
    assert actor.enforcer.holds == set()


def test_an_enforcer_that_is_down_is_told_left_alone_and_tried_again(make_actor) -> None:
    actor = make_actor()
    actor.enforcer.broken = True
    actor.protect.receive([released(indicator())])
    actor.enforcer.broken = False
    actor.protect.receive([released(indicator("b.org", n=2))])
    assert actor.enforcer.holds == set()
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com", "b.org"}
    actor = make_actor()
    actor.enforcer.broken = True
    actor.clock.us += ProtectPolicy().reconcile_s * SECOND_US
    actor.protect.receive([released(indicator())])
    assert actor.states() == [("partly", ("watching",), "enforcer_down")]
    assert actor.protect.force.down == (("remembering", Text.plain("remembering was unplugged")),)
    actor.enforcer.broken = False
    actor.protect.step()
    assert actor.enforcer.holds == set()
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert actor.states() == [("enforced", ("remembering", "watching"), None)]


def test_a_start_lifts_what_is_forbidden_and_two_indicators_keep_a_name_until_the_last(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator()), released(indicator("b.org", n=2))])
    actor.again(never=NeverBlock.of('[new]\nnames = ["evil-c2.com"]', "edited"))
    assert actor.enforcer.holds == {"b.org"}
    assert ("lifted", (), "never_block") in actor.states()
    actor = make_actor()
    both = [indicator(n=1, valid_until_us=T0 + HOUR_US), indicator(n=2)]
    actor.protect.receive([released(made) for made in both])
    [block] = actor.enforcer.calls[-1]
    assert (block.until_us, block.indicator_id) == (both[1].valid_until_us, both[1].id)
    actor.protect.receive([withdrawn(both[1])])
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us += HOUR_US
    actor.protect.step()
    assert actor.enforcer.holds == set()


def test_a_lift_is_told_only_when_true_everywhere_and_watched_or_down_is_not_blocked(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    actor.told()
    actor.enforcer.broken = True
    actor.protect.receive([withdrawn(indicator())])
    assert actor.states() == []
    actor.enforcer.broken = False
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert actor.states() == [("lifted", (), "withdrawn")]
    actor = make_actor(watching=frozenset())
    actor.enforcer.broken = True
    actor.protect.receive([released(indicator())])
    assert actor.states() == [("waiting", (), "enforcer_down")]
    actor = make_actor()
    actor.enforcer.carries = frozenset()
    actor.again()
    actor.protect.receive([released(indicator())])
    assert actor.states() == [("partly", ("watching",), "watched_only")]
    assert json.loads(actor.protect.blocks()[0].told)["not_carried"] == ["remembering"]


def test_it_is_made_true_again_unasked_forgotten_late_and_told_until_taken(make_actor) -> None:
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    calls = len(actor.enforcer.calls)
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls
    actor.clock.us += ProtectPolicy().reconcile_s * SECOND_US
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls + 1
    assert len(actor.states()) == 1
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    actor.clock.us += 10 * DAY_US
    actor.protect.step()
    actor.clock.us += 399 * DAY_US
    actor.protect.step()
    assert actor.protect.state.item(indicator().id) is not None
    actor.clock.us += 2 * DAY_US
    actor.protect.step()
    assert actor.protect.state.item(indicator().id) is None
    actor = make_actor()
    actor.protect.receive([released(indicator())])
    [first] = actor.protect.take()
    actor.again()
    assert actor.protect.take() == [first]
    actor.protect.done(first.number)
    assert actor.protect.take() == []


def test_sightings_are_told_at_once_then_seldom(make_actor) -> None:
    class Source:
        name = "source"
        hits: tuple = ()

        def read(self, mark):
            return self.hits, str(int(mark or "0") + 1)

        def kept(self, mark):
            self.hits = ()

    source = Source()
    made = indicator()
    actor = make_actor(sources=[source])
    actor.protect.receive([released(made)])
    actor.told()
    source.hits = (Hit(made.observable, 2, T0, T0 + 5), Hit(indicator("unknown.org").observable, 9, T0, T0))
    actor.protect.step()
    assert actor.told() == [Sighting(indicator_id=made.id, kind="blocked", count=2, first_us=T0, last_us=T0 + 5)]
    source.hits = (Hit(made.observable, 3, T0 + 7, T0 + 9),)
    actor.protect.step()
    assert actor.told() == []
    actor.clock.us += 3600 * SECOND_US
    actor.again().protect.step()
    assert actor.told() == [Sighting(indicator_id=made.id, kind="blocked", count=5, first_us=T0, last_us=T0 + 9)]
    actor.protect.step()
    assert actor.told() == []
