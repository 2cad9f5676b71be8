"""What the sector confirmed and where it was met here: which own machines, how it stands, who has taken it."""

import json

import pytest

from bavn.actor.protect.confirmed import LATE_US, confirmed_named, hit_of, hits, met_elements, met_values
from bavn.actor.protect.hit_book import take
from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.sightings import Hit
from bavn.actor.store.query.hunt import Hunted
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from tests.actor.protect.conftest import T0

from .conftest import indicator, released, withdrawn

EVIL = Observable.of("domain", "evil-c2.com")
FIRST_US, LAST_US = T0 - 7 * DAY_US, T0 - 2 * DAY_US


class Past:
    """A store in which one machine met one name."""

    first_us = known_from_us = T0 - 28 * DAY_US

    def rows(self, sql, *_):
        return [] if "alert" in sql else [(1,)] if "$below" in sql else [(40, 1000, 1000)]


@pytest.fixture
def history() -> History:
    def hunt(_, observables):
        met = {"count": 116, "hosts": 1, "named": ("10.0.0.21",), "first_us": FIRST_US, "last_us": LAST_US}
        return [Hunted(observable=EVIL, tables=("dns",), **met)] if EVIL in observables else []

    return History(window=lambda *_: Past(), hunt=hunt)


@pytest.fixture
def hit(make_actor, history):
    """An actor that was there a week ago, and whose block is in force."""
    actor = make_actor(policy=ProtectPolicy(dry_run_hosts_max=10), history=history)
    actor.protect.receive([released(indicator()), released(indicator("calm.org", n=2))])
    actor.clock.us += HOUR_US
    actor.protect.step()
    return actor


def test_a_hit_in_own_history_is_told_at_home_and_to_the_door_without_a_machine(hit) -> None:
    (found,) = hits(hit.book.rows)
    assert (found.observable, found.count, found.hosts, found.named) == (EVIL, 116, 1, ("10.0.0.21",))
    assert (found.first_us, found.last_us, found.stands) == (FIRST_US, LAST_US, "blocked")
    assert (found.case_id, found.technique, found.confidence) == ("case-1", "T1071.001", 80)
    assert not found.is_taken
    told = hit.told()
    assert any(getattr(said, "kind", "") == "retro" and said.count for said in told)
    assert "10.0.0.21" not in repr(told)
    assert "10.0.0.21" not in "".join(map(repr, hit.lines()))
    (item,) = [one for one in hit.protect.blocks() if one.value == EVIL.value]
    assert "10.0.0.21" not in item.found
    found = confirmed_named(hit.book.rows, ["calm.org", "evil-c2.com", "other.net"])
    assert {value: known.count for value, known in found.items()} == {"calm.org": 0, "evil-c2.com": 116}
    assert met_values(hit.book.rows) == {"evil-c2.com"}
    assert met_elements(hit.book.rows, hit.clock.us) == {EVIL: 80}


def test_what_is_refused_since_counts_on_and_ended_is_looked_for_no_more(hit) -> None:
    hit.protect._sightings.add(indicator().id, "blocked", Hit(EVIL, 4, T0, T0 + HOUR_US))
    (found,) = hits(hit.book.rows)
    assert (found.count, found.first_us, found.last_us) == (120, FIRST_US, T0 + HOUR_US)
    hit.clock.us = T0 + 11 * DAY_US
    hit.protect.enforce_due()
    (found,) = hits(hit.book.rows)
    assert found.stands == "open", "its end came: it was met all the same"
    assert met_elements(hit.book.rows, hit.clock.us) == {}


def test_what_the_centre_takes_back_is_confirmed_no_more(hit) -> None:
    hit.protect.receive([withdrawn(indicator())])
    assert hits(hit.book.rows) == []
    assert hit_of(hit.book.rows, indicator().id) is None
    assert confirmed_named(hit.book.rows, [EVIL.value]) == {}
    assert met_elements(hit.book.rows, hit.clock.us) == {}


def test_one_that_somebody_takes_is_quiet_until_it_is_met_again_long_after(hit) -> None:
    wanted, taken_us = indicator().id, hit.clock.us
    take(hit.book, wanted, "Anna Berg", taken_us)
    (found,) = hits(hit.book.rows)
    assert (found.is_taken, found.taken_by) == (True, "Anna Berg")
    hit.protect._sightings.add(wanted, "blocked", Hit(EVIL, 1, taken_us, taken_us + LATE_US + 1))
    assert not hits(hit.book.rows)[0].is_taken


def test_hosts_are_forgotten_with_the_indicator(hit) -> None:
    hit.clock.us = T0 + 11 * DAY_US
    hit.protect.enforce_due()
    assert hit.book.rows("SELECT named FROM protect_hit WHERE hosts = 1") == [(json.dumps(["10.0.0.21"]),)]
    hit.protect.state.forget(hit.clock.us + 1)
    assert hit.book.rows("SELECT * FROM protect_hit") == []
