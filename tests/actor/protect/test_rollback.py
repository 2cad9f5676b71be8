"""A block that hits more than its dry run promised goes at once, is told and written down; only a person undoes it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rollback import Rollback
from bavn.actor.protect.sightings import HOSTS_MAX, Hit
from bavn.actor.protect.state import State
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.book import Book

from .conftest import indicator, released, withdrawn

T0 = 1_795_000_000_000_000
MORE = ProtectPolicy().rollback_hosts_more_max


class Source:
    """A log of hits, handed over as they are put in."""

    name = "source"

    def __init__(self):
        self.hits, self.reads = (), 0

    def read(self, mark):
        return self.hits, str(int(mark or "0") + 1)

    def kept(self, mark):
        self.hits = ()


class Window:
    """A past in which ``hosts`` own machines met everything, for as many days as are asked for."""

    def __init__(self, first_us, last_us, seen):
        self.first_us = self.known_from_us = first_us
        self.last_us, self.seen = last_us, seen

    def rows(self, sql, given=None, tables=None):
        if "background" in sql or "is_home" in sql:
            return [(10_000, 100_000, 100_000)]
        return [(1,)] if "name_hour" in sql else []


class Met:
    def __init__(self, observable, named):
        self.observable, self.named, self.hosts, self.count = observable, named, len(named), len(named)
        self.first_us, self.last_us = T0 - DAY_US, T0


def history(*named):
    return History(
        window=lambda first, last: Window(first, last, named),
        hunt=lambda _, observables: [Met(one, named) for one in observables] if named else [],
    )


def hit(observable, hosts, at_us, net="10.0"):
    met = tuple((f"{net}.{n // 250}.{n % 250 + 1}", at_us) for n in range(hosts))
    return Hit(observable, hosts, at_us, at_us, met)


@pytest.fixture
def blocked(make_actor):
    """``blocked(hosts that hit it, ...)``: an actor with one block, after those hits; what it told and holds."""

    def make(hosts, *, seen=(), policy=None, n=1, net="10.0", by=""):
        source, made = Source(), indicator()
        actor = make_actor(policy, sources=[source], history=history(*seen))
        if by:
            actor = make_actor(ProtectPolicy(automatic=False), sources=[source], history=history(*seen))
        actor.protect.receive([released(made)])
        if by:
            actor.protect.approve(made.id, by)
        assert actor.enforcer.holds == {"evil-c2.com"}
        actor.told()
        source.hits = (hit(made.observable, hosts, actor.clock.us, net),)
        actor.protect.step()
        return actor, made, source

    return make


def test_hits_within_the_bound_change_nothing_nor_what_was_approved_or_counts_not(blocked) -> None:
    actor, _, _ = blocked(MORE)
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert ("lifted", (), "rolled_back") not in actor.states()
    seen = [f"10.9.0.{n}" for n in range(1, 6)]
    assert blocked(MORE + 5, seen=seen)[0].enforcer.holds == {"evil-c2.com"}
    assert blocked(MORE + 6, seen=seen)[0].enforcer.holds == set()
    assert blocked(500, by="anna")[0].enforcer.holds == {"evil-c2.com"}
    assert blocked(500, net="8.8")[0].enforcer.holds == {"evil-c2.com"}
    actor, made, source = blocked(MORE)
    for n in range(5):
        actor.clock.us += HOUR_US
        source.hits = (hit(made.observable, MORE, actor.clock.us, f"10.{n + 1}"),)
        actor.protect.step()
        assert actor.enforcer.holds == {"evil-c2.com"}
    actor.clock.us += HOUR_US - MINUTE_US
    source.hits = (hit(made.observable, 1, actor.clock.us, "10.99"),)
    actor.protect.step()
    assert actor.enforcer.holds == set()
    assert blocked(500, policy=ProtectPolicy(rollback=False))[0].enforcer.holds == {"evil-c2.com"}
    actor, made, source = blocked(MORE)
    actor.again()
    source.hits = (hit(made.observable, 1, actor.clock.us, "10.99"),)
    actor.protect.step()
    assert actor.enforcer.holds == set()


def test_hits_beyond_it_lift_the_block_at_once_tell_the_centre_and_leave_one_line(blocked) -> None:
    actor, made, _ = blocked(MORE + 1)
    assert actor.enforcer.holds == set()
    assert actor.watcher.holds == set()
    assert actor.states() == [("lifted", (), "rolled_back")]
    lines = [line for line in actor.lines() if line.kind == "RolledBack"]
    assert [json.loads(line.summary) for line in lines] == [{"by": "node", "indicator": made.id}]
    [item] = actor.protect.state.items("lifted")
    assert (item.rule, item.held) == ("rolled_back", True)
    assert str(Text.of_row(item.reason)).startswith(
        f"it hit {MORE + 1} own hosts in an hour; the dry run of 30 days saw 0"
    )


def test_only_a_person_puts_it_back_and_every_indicator_is_rolled_back(blocked) -> None:
    actor, made, source = blocked(MORE + 1)
    again = [indicator(n=1, version=T0 + 1), indicator(n=1, version=T0 + 2), indicator(n=2)]
    for one in again:
        actor.protect.receive([released(one)])
        assert actor.enforcer.holds == set()
        assert actor.states()[-1] == ("waiting", (), "rolled_back")
    actor.protect.receive([withdrawn(again[1])])
    actor.again()
    actor.protect.receive([released(indicator(n=3))])
    assert actor.enforcer.holds == set()
    actor.protect.approve(again[2].id, "anna")
    assert actor.enforcer.holds == {"evil-c2.com"}
    source.hits = (hit(made.observable, 500, actor.clock.us),)
    actor.protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    actor, made, source = blocked(0)
    actor.protect.receive([released(indicator(n=2)), released(indicator("other.org", n=3))])
    source.hits = (hit(made.observable, MORE + 1, actor.clock.us),)
    actor.protect.step()
    assert actor.enforcer.holds == {"other.org"}
    assert len([line for line in actor.lines() if line.kind == "RolledBack"]) == 2


def test_clinical_hosts_and_no_history_have_bounds_of_their_own(blocked, make_actor) -> None:
    clinical = ProtectPolicy(clinical_networks=("10.0.0.0/24",))
    assert blocked(1, policy=clinical)[0].enforcer.holds == set()
    assert blocked(1, policy=clinical, net="10.7")[0].enforcer.holds == {"evil-c2.com"}
    for extra, holds in ((0, {"evil-c2.com"}), (1, set())):
        source, made = Source(), indicator()
        actor = make_actor(sources=[source])
        actor.protect.receive([released(made)])
        source.hits = (hit(made.observable, ProtectPolicy().dry_run_hosts_max + MORE + extra, actor.clock.us),)
        actor.protect.step()
        assert actor.enforcer.holds == holds


def test_a_block_that_clinical_hosts_would_feel_waits_and_a_wrong_network_is_an_error(make_actor) -> None:
    policy = ProtectPolicy(clinical_networks=("10.0.0.0/24",))
    actor = make_actor(policy, history=history("10.0.0.7"))
    actor.protect.receive([released(indicator())])
    assert actor.enforcer.holds == set()
    assert actor.states() == [("waiting", (), "dry_run_clinical")]
    other = make_actor(policy, history=history("10.0.1.7"))
    other.protect.receive([released(indicator())])
    assert other.enforcer.holds == {"evil-c2.com"}
    with pytest.raises(SettingsError, match="clinical_networks"):
        ProtectPolicy(clinical_networks=("10.0.0.0/33",))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3 * HOSTS_MAX), st.integers(0, 4)), max_size=6))
def test_hosts_are_kept_within_bounds_whatever_comes(found) -> None:
    with Book() as book:
        rollback = Rollback(State(book), ProtectPolicy(), ())
        now_us = T0
        for name, hosts, hours in found:
            now_us += hours * HOUR_US
            rollback.refused(name, hit(Observable.of("domain", "evil-c2.com"), hosts, now_us))
            assert rollback.exceeded(now_us) == []  # no such items here
        kept = book.rows("SELECT indicator_id, count(*), min(last_us) FROM rollback_hit GROUP BY 1")
        assert all(count <= HOSTS_MAX and oldest > now_us - HOUR_US for _, count, oldest in kept)


def test_twins_that_differ_in_the_hosts_that_were_hit_tell_the_same(blocked) -> None:
    """Which machines were refused, and how many beyond the bound, stays at home."""
    told = []
    for hosts, net in ((MORE + 1, "10.0"), (MORE + 40, "192.168")):
        actor, _, _ = blocked(hosts, net=net)
        outcomes = [said for said in actor.told() if hasattr(said, "state")]
        lines = [(line.kind, line.summary) for line in actor.lines()]
        assert not [text for text in map(str, lines) if net in text]
        told.append((outcomes, lines))
    assert told[0] == told[1]
    assert told[0][0][0].rule == "rolled_back"
