"""A block's life: it begins, ends and is lifted by the clock; enforcers fail and return; what is told of it."""

import json

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.sightings import Hit
from bavn.model.intel.indicator import Sighting
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.text import Text

T0 = 1_795_000_000_000_000


def test_a_block_ends_by_this_nodes_clock_alone(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + HOUR_US - 1
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us = T0 + HOUR_US
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert actor.states()[-1] == ("lifted", (), "expired")


def test_what_ended_is_not_enforced_even_before_the_next_step(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + HOUR_US
    actor.protect.receive([make_released(make_indicator("b.org", n=2))])
    assert actor.enforcer.holds == {"b.org"}


def test_one_that_is_down_is_left_alone_for_a_while_whatever_comes(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.enforcer.broken = True
    actor.protect.receive([make_released(make_indicator())])
    actor.enforcer.broken = False
    actor.protect.receive([make_released(make_indicator("b.org", n=2))])
    assert actor.enforcer.holds == set()
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com", "b.org"}


def test_a_node_that_was_off_when_a_block_ended_lifts_it_at_its_start(
    make_actor, make_indicator, make_released
) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator(valid_until_us=T0 + HOUR_US))])
    actor.clock.us = T0 + DAY_US
    actor.again()
    assert actor.enforcer.holds == set()


def test_a_start_lifts_what_the_lists_forbid_today(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator()), make_released(make_indicator("b.org", n=2))])
    actor.again(never=NeverBlock.of('[new]\nnames = ["evil-c2.com"]', "edited"))
    assert actor.enforcer.holds == {"b.org"}
    assert ("lifted", (), "never_block") in actor.states()


def test_two_indicators_on_one_name_keep_the_block_until_the_last_ends(
    make_actor, make_indicator, make_released, make_withdrawn
) -> None:
    actor = make_actor()
    both = [make_indicator(n=1, valid_until_us=T0 + HOUR_US), make_indicator(n=2)]
    actor.protect.receive([make_released(made) for made in both])
    [block] = actor.enforcer.calls[-1]
    assert (block.until_us, block.indicator_id) == (both[1].valid_until_us, both[1].id)
    actor.protect.receive([make_withdrawn(both[1])])
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us += HOUR_US
    actor.protect.step()
    assert actor.enforcer.holds == set()


def test_an_enforcer_that_is_down_is_told_and_tried_again(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.enforcer.broken = True
    actor.clock.us += ProtectPolicy().reconcile_s * SECOND_US
    actor.protect.receive([make_released(make_indicator())])
    assert actor.states() == [("partly", ("watching",), "enforcer_down")]
    assert actor.protect.force.down == (("remembering", Text.plain("remembering was unplugged")),)
    actor.enforcer.broken = False
    actor.protect.step()
    assert actor.enforcer.holds == set()
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert actor.states() == [("enforced", ("remembering", "watching"), None)]


def test_a_lift_is_told_only_when_it_is_true_everywhere(
    make_actor, make_indicator, make_released, make_withdrawn
) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    actor.told()
    actor.enforcer.broken = True
    actor.protect.receive([make_withdrawn(make_indicator())])
    assert actor.states() == []
    actor.enforcer.broken = False
    actor.clock.us += ProtectPolicy().retry_s * SECOND_US
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert actor.states() == [("lifted", (), "withdrawn")]


def test_all_down_is_waiting_not_enforced(make_actor, make_indicator, make_released) -> None:
    actor = make_actor(watching=frozenset())
    actor.enforcer.broken = True
    actor.protect.receive([make_released(make_indicator())])
    assert actor.states() == [("waiting", (), "enforcer_down")]


def test_only_watched_is_not_called_blocked(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.enforcer.carries = frozenset()
    actor.again()
    actor.protect.receive([make_released(make_indicator())])
    assert actor.states() == [("partly", ("watching",), "watched_only")]
    assert json.loads(actor.protect.blocks()[0].told)["not_carried"] == ["remembering"]


def test_an_enforcer_is_made_true_again_unasked(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    calls = len(actor.enforcer.calls)
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls
    actor.clock.us += ProtectPolicy().reconcile_s * SECOND_US
    actor.protect.step()
    assert len(actor.enforcer.calls) == calls + 1
    assert len(actor.states()) == 1


def test_old_items_are_forgotten_long_after_their_end(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    actor.clock.us += 10 * DAY_US
    actor.protect.step()
    actor.clock.us += 399 * DAY_US
    actor.protect.step()
    assert actor.protect.state.item(make_indicator().id) is not None
    actor.clock.us += 2 * DAY_US
    actor.protect.step()
    assert actor.protect.state.item(make_indicator().id) is None


def test_what_is_told_waits_until_the_door_took_it(make_actor, make_indicator, make_released) -> None:
    actor = make_actor()
    actor.protect.receive([make_released(make_indicator())])
    [first] = actor.protect.take()
    actor.again()
    assert actor.protect.take() == [first]
    actor.protect.done(first.number)
    assert actor.protect.take() == []


def test_sightings_are_told_at_once_then_seldom(make_actor, make_indicator, make_released) -> None:
    class Source:
        name = "source"
        hits: tuple = ()

        def read(self, mark):
            return self.hits, str(int(mark or "0") + 1)

        def kept(self, mark):
            self.hits = ()

    source = Source()
    made = make_indicator()
    actor = make_actor(sources=[source])
    actor.protect.receive([make_released(made)])
    actor.told()
    source.hits = (Hit(made.observable, 2, T0, T0 + 5), Hit(make_indicator("unknown.org").observable, 9, T0, T0))
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
