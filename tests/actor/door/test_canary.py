"""The canary at the door: when it sets out, what leaves of it, and that it says the same whatever stays at home."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.conversations.canary import suspicion_of
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.sector import canary
from bavn.model.sector.canary import LINKS, RUNS_PER_DAY_MAX, WHYS
from bavn.wire.messages.canary import CanaryProgress
from tests.builders import suspicion

from .conftest import NOW_US, Actor, TestCentre

DAY = NOW_US // DAY_US
AT_US = canary.begins_us(DAY)


def actor(now_us=AT_US, policy=None, suspicions=()):
    return Actor("north", TestCentre().key, now_us=now_us, policy=policy, suspicions=suspicions)


def through(one):
    """A run whose rooms all say that it passed, as far as the centre may hear of it; what was told."""
    one.door.canary.step()
    for link in ("sensor", "store", "detect"):
        one.door.canary.note(link, "passed")
    one.clock.advance(MINUTE_US)
    one.door.canary.step()
    one.clock.advance(2 * HOUR_US)
    one.door.canary.step()
    one.said()
    return [message for message in one.ever if isinstance(message, CanaryProgress)]


@settings(max_examples=20)
@given(
    host=st.ip_addresses(v=4, network="10.0.0.0/8"),
    peer=st.text(min_size=1, max_size=20),
    p=st.floats(1e-8, 1),
    hosts=st.integers(1, 1000),
    count=st.integers(0, 5),
)
def test_what_is_told_of_a_canary_is_the_same_whatever_stays_at_home(host, peer, p, hosts, count) -> None:
    private = [
        suspicion(
            id=f"{at:032x}",
            host=str(host),
            peer=peer,
            p=p,
            hosts=hosts,
            observables=(Observable.of("domain", f"only-here-{at}.dk"),),
        )
        for at in range(count)
    ]
    assert through(actor(suspicions=private)) == through(actor())


def test_it_sets_out_once_a_day_and_passes_only_as_a_canary() -> None:
    """A suspicion of somebody's own that names it is refused, and so is another day's canary."""
    one = actor(now_us=AT_US - SECOND_US)
    one.door.canary.step()
    assert one.door.canary.under_way() is None
    one.clock.advance(2 * SECOND_US)
    one.door.canary.step()
    assert one.door.canary.under_way().run == 1
    one.clock.advance(5 * HOUR_US)
    one.door.canary.step()
    assert one.door.canary.under_way() is None
    for run in range(2, RUNS_PER_DAY_MAX + 3):
        one.door.canary.book.wish("anna", one.clock.now_us())
        one.clock.advance(2 * SECOND_US)
        one.door.canary.step()
        assert one.door.canary.book.latest().run == min(run, RUNS_PER_DAY_MAX)
    one.clock.advance(DAY_US)
    one.door.canary.step()
    assert (one.door.canary.book.latest().day, one.door.canary.book.latest().run) == (DAY + 1, 1)
    named = suspicion(observables=(canary.name_of(DAY),), p=0.001, last_us=AT_US)
    spoken = replace(suspicion_of(DAY), observables=(Observable.of("domain", "cdn-sync-hub.net"),))
    old = replace(suspicion_of(DAY - 2), last_us=AT_US)
    for made in (named, spoken, old):
        ((_, refused),) = actor(suspicions=[made]).door.rounds.preview("A")
        assert refused is not None
        assert refused.rule == "external"
    ((_, passed),) = actor(suspicions=[suspicion_of(DAY)]).door.rounds.preview("A")
    assert passed is None
    assert actor(suspicions=[suspicion_of(DAY)]).door.rounds.preview("B") == []


def test_a_policy_that_wants_none_tells_nothing_and_old_runs_are_forgotten() -> None:
    one = actor(policy=DoorPolicy(tell_canaries=False))
    assert through(one) == []
    assert one.door.canary.suspicions() == ()
    assert one.door.rounds.preview("A") == []
    one = actor()
    through(one)
    one.clock.advance((canary.KEPT_DAYS + 1) * DAY_US)
    one.door.canary.forget()
    assert one.door.canary.book.latest() is None


def test_a_chain_that_breaks_says_where() -> None:
    one = actor()
    one.door.canary.step()
    for link in ("sensor", "store"):
        one.door.canary.note(link, "passed")
    one.clock.advance(2 * HOUR_US)
    one.door.canary.step()
    links = {link.link: (link.state, link.why) for link in one.door.canary.book.links(one.door.canary.book.latest())}
    assert links["store"] == ("passed", "")
    assert links["detect"] == ("failed", "late")
    assert links["reveal"] == ("failed", "earlier")
    assert set(links) == set(LINKS)
    assert {why for _, why in links.values() if why} <= set(WHYS)


@pytest.mark.parametrize("value", ["bavn-canary-.invalid", "bavn-canary-020000.invalid", "x.bavn-canary-1.invalid"])
def test_a_name_that_only_looks_like_one_is_none(value) -> None:
    assert canary.day_of(Observable.trusted(canary.name_of(1).type, value)) is None
    assert canary.day_of(canary.name_of(DAY)) == DAY
