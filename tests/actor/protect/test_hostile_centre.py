"""A centre with the real signing key and the worst will: what it can have blocked, by whatever order of messages."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.own_history import History
from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.intel.indicator import Pap
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US

from .conftest import indicator, released, withdrawn

T0 = 1_795_000_000_000_000
HOUR_MAX, SMALL = 5, 3
POLICY = {
    "blocks_per_hour_max": HOUR_MAX,
    "dry_run_small_max": SMALL,
    "budget_share_permille_max": 20,
    "in_force_share_permille_max": 50,
    "dry_run_share_permille_max": 10,
}
USED = 1000


class Window:
    """A past in which a thousand names are in use, a name below ``big`` included, each at one host."""

    def __init__(self, first_us, last_us):
        self.first_us = self.known_from_us = first_us
        self.last_us = last_us

    def rows(self, sql, given=None, tables=None):
        if "is_home" in sql:
            return [(500, USED, USED)]
        return [(10 if "used" in given["name"] else 0,)] if given and "name" in given else []


class Met:
    def __init__(self, observable):
        self.observable, self.count, self.hosts, self.named = observable, 3, 1, ("10.0.0.1",)
        self.first_us, self.last_us = T0 - DAY_US, T0


HISTORY = History(window=Window, hunt=lambda _, asked: [Met(one) for one in asked if "used" in one.value])


@pytest.fixture
def attacked(make_actor):
    return lambda **policy: make_actor(ProtectPolicy(**{**POLICY, **policy}), history=HISTORY)


def hold(actor):
    return actor.enforcer.holds


def test_no_way_around_the_hours_budget(attacked) -> None:
    actor, ever = attacked(), []
    for n in range(40):  # release, withdraw, release again under new names, in every step of an hour
        made = indicator(f"n{n}.org", n=n)
        actor.protect.receive([released(made)])
        ever += sorted(hold(actor))
        actor.protect.receive([withdrawn(made)])
        actor.clock.us += MINUTE_US
    assert len(set(ever)) == HOUR_MAX
    assert {item.rule for item in actor.protect.waiting()} <= {"blocks_per_hour"}
    actor = attacked()
    for n in range(1, 3 * HOUR_MAX):
        actor.protect.receive([released(indicator(f"n{n}.org", n=n))])
        actor.again()
        actor.protect.kill_switch(on=True, by="anna")
        actor.protect.kill_switch(on=False, by="anna")
    assert len(hold(actor)) == HOUR_MAX
    actor = attacked()
    for n in range(1, 20):
        actor.protect.receive([released(indicator(f"n{n}.org", n=n, pap=Pap.AMBER))])
    for n in range(1, 20):
        actor.protect.receive([released(indicator(f"n{n}.org", n=n, version=T0 + 1))])
    assert len(hold(actor)) == HOUR_MAX
    ever = set(hold(actor))
    for n in range(20, 60):  # one id in force, each time with another name
        actor.protect.receive([released(indicator(f"n{n}.org", n=1, version=T0 + n))])
        ever |= hold(actor)
    assert len(ever) == HOUR_MAX


def test_a_slow_centre_never_covers_more_than_its_share_of_what_is_in_use(attacked) -> None:
    actor = attacked()
    for n in range(1, 200):  # each covers 1 % of all names in use, one an hour: eight days of patience
        actor.protect.receive([released(indicator(f"used{n}.org", n=n, valid_until_us=T0 + 60 * DAY_US))])
        actor.clock.us += HOUR_US
    assert len(hold(actor)) == 5  # 50 permille
    waits = {item.rule for item in actor.protect.waiting()}
    assert "in_force_share" in waits
    person = actor.protect.waiting()[0]
    actor.protect.approve(person.indicator_id, "anna")
    assert len(hold(actor)) == 6
    actor.protect.lift(actor.protect.blocks()[0].indicator_id, "anna")
    assert len(hold(actor)) == 5


def test_what_a_person_lifted_stays_lifted_under_every_id_and_no_block_outlives_its_end(attacked) -> None:
    actor = attacked(blocks_per_hour_max=1000)
    actor.protect.receive([released(indicator("clinic-supplier.org", n=1))])
    actor.protect.lift(indicator(n=1).id, "anna")
    for n in range(1, 20):
        for version in range(3):
            actor.protect.receive([released(indicator("clinic-supplier.org", n=n, version=T0 + version + 1))])
            assert hold(actor) == set()
    assert {item.rule for item in actor.protect.waiting()} == {"lifted_by_hand"}
    actor = attacked()
    for n in (1, 2, 3):
        actor.protect.receive([released(indicator("clinic-supplier.org", n=n))])
    assert hold(actor) == {"clinic-supplier.org"}
    assert actor.protect.lift(indicator(n=2).id, "anna") is None
    assert hold(actor) == set()
    assert actor.watcher.holds == set()
    assert len([line for line in actor.lines() if line.kind == "LiftedByHand"]) == 3
    actor = attacked(block_days_max=10)
    actor.protect.receive([released(indicator(n=1, valid_until_us=T0 + 10 * DAY_US))])
    actor.protect.receive([released(indicator(n=1, version=T0 + 1, valid_until_us=T0 + 11 * DAY_US))])
    assert actor.protect.state.item(indicator(n=1).id).rule == "end_in_time"
    actor.clock.us = T0 + 10 * DAY_US
    actor.protect.step()
    assert hold(actor) == set()


@st.composite
def attacks(draw):
    """Any order of releases, versions, withdrawals, restarts and time, over few ids and names."""
    steps = []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(["release", "release", "release", "withdraw", "restart", "wait"]))
        steps.append((kind, draw(st.integers(1, 6)), draw(st.integers(0, 30)), draw(st.sampled_from(list(Pap)))))
    return steps


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])  # an actor is made each time
@given(steps=attacks())
def test_whatever_the_order_budget_and_never_block_list_hold(steps, make_actor) -> None:
    never = NeverBlock.of(shipped_text() + '\n[mine]\ntrees = ["n7.org"]\nnames = ["deep.n9.org"]\n', "mine")
    actor = make_actor(ProtectPolicy(**POLICY), history=HISTORY, never=never)
    begun: dict[str, list[int]] = {}
    before = set()
    for version, (kind, id_, value, pap) in enumerate(steps):
        made = indicator(f"n{value}.org", n=id_, version=T0 + version, pap=pap, valid_until_us=T0 + 9 * DAY_US)
        if kind == "release":
            actor.protect.receive([released(made)])
        elif kind == "withdraw":
            actor.protect.receive([withdrawn(made)])
        elif kind == "restart":
            actor.again()
        else:
            actor.clock.us += value * 4 * MINUTE_US + SECOND_US
            actor.protect.step()
        now = hold(actor)
        for name in now - before:
            begun.setdefault(name, []).append(actor.clock.us)
        before = now
        assert not now & {"n7.org", "n9.org"}
        recent = [at for times in begun.values() for at in times if at > actor.clock.us - HOUR_US]
        assert len(recent) <= HOUR_MAX
        for item in actor.protect.blocks():
            assert item.until_us <= actor.clock.us + ProtectPolicy().block_days_max * DAY_US
            uuid.UUID(item.indicator_id.removeprefix("indicator--"))
