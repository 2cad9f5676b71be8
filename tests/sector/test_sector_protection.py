"""Protection in a whole simulated sector: a fifth of the nodes away, everybody dying at any moment, the kill switch.

What is in force is asked of the enforcers, which outlive their nodes; how often something came, of the ledgers.
"""

import json
from collections import Counter

import pytest

from bavn.centre.cases.two_people import NotAllowed
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import NotNow
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.rehearsal.mortal import Killed
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import CENTRE, Death, Script
from bavn.rehearsal.world import World
from bavn.traffic.dice import SeededDice

TEN = tuple(f"actor-{letter}" for letter in "abcdefghij")
AWAY, HOME = TEN[:2], TEN[2:]
EVIL, MORE = Observable.of("domain", "kvist-maler.net"), Observable.of("ip4", "45.9.148.20")
INSTRUCTIONS = ("IndicatorReleased", "IndicatorWithdrawn", "SectorSwitched")


@pytest.fixture
def opened(disk):
    worlds = []

    def make(actors=TEN, seed=4) -> World:
        script = Script(seed=seed, actors=actors, steps=0, step_s=1, tiers=(), releases=False)
        worlds.append(World(script, disk / str(seed)))
        return worlds[-1]

    yield make
    for made in worlds:
        made.close()


def step(world, seconds) -> None:
    for _ in range(seconds):
        world.clock.advance(SECOND_US)
        world.step()


def away(world, names, *, gone) -> None:
    for name in names:
        world.links[name].faults = Faults(request_lost=1.0 if gone else 0.0)


def lives(world):
    return world.centre.centre.desk.indicator_book


def release(world, observable):
    book = lives(world)
    life = book.draft(observable, account("anna"), "a partner named it", technique="T1071")
    book.act(life.id, LifeAct.REVIEW, account("anna"), "look")
    return book.act(life.id, LifeAct.RELEASE, account("bo"), "go")


def in_force(world):
    return {name: {b.observable for b in node.enforcer.blocks} for name, node in world.nodes.items()}


def holding(names, *observables):
    return {name: set(observables) for name in names}


def came(world, name):
    """How often each instruction passed or was refused at gate 4."""
    lines = map(json.loads, world.nodes[name].door.ledger.export())
    return Counter((line["kind"], line["verdict"]) for line in lines if line["kind"] in INSTRUCTIONS)


@pytest.mark.slow
def test_a_fifth_of_the_nodes_away_get_release_and_delist_within_seconds_of_coming_back_once(opened) -> None:
    world = opened()
    first = release(world, EVIL)
    release(world, MORE)
    away(world, AWAY, gone=True)
    step(world, 5)
    assert {name: in_force(world)[name] for name in HOME} == holding(HOME, EVIL, MORE)
    assert all(not in_force(world)[name] for name in AWAY)
    lives(world).act(first.id, LifeAct.WITHDRAW, account("carl"), "the partner was wrong")
    step(world, 5)
    assert {name: in_force(world)[name] for name in HOME} == holding(HOME, MORE)
    away(world, AWAY, gone=False)
    step(world, 10)
    assert in_force(world) == holding(TEN, MORE)
    step(world, 60)
    wanted = {("IndicatorReleased", "passed"): 2, ("IndicatorWithdrawn", "passed"): 1}
    assert all(came(world, name) == wanted for name in TEN)


@pytest.mark.slow
def test_the_kill_switch_lifts_everything_within_seconds_and_where_nobody_was_home_on_return(opened) -> None:
    world = opened()
    release(world, EVIL)
    step(world, 5)
    away(world, AWAY, gone=True)
    world.centre.centre.desk.switch.turn(on=True, user=account("anna"), why="a bad feed")
    step(world, 3)
    assert {name: in_force(world)[name] for name in HOME} == holding(HOME)
    assert in_force(world)[AWAY[0]] == {EVIL}
    away(world, AWAY, gone=False)
    step(world, 10)
    assert in_force(world) == holding(TEN)
    away(world, AWAY, gone=True)
    for who in (account("anna"), account("bo")):
        world.centre.centre.desk.switch.turn(on=False, user=who, why="mended")
    step(world, 3)
    assert in_force(world)[HOME[0]] == {EVIL}
    away(world, AWAY, gone=False)
    step(world, 10)
    assert in_force(world) == holding(TEN, EVIL)
    assert all(came(world, name)["SectorSwitched", "passed"] == 2 for name in TEN)
    assert all(("SectorSwitched", "refused") not in came(world, name) for name in TEN)


FOUR = TEN[:4]


def people_at_work(world, dice, expected) -> None:
    """One of what people do, to one of ten names; ``expected``: what is to be in force when all is quiet."""
    observable = Observable.of("domain", f"evil-{dice.below(10)}.com")
    book, act = lives(world), dice.below(4)
    try:
        if act < 2 and observable not in expected:
            release(world, observable)
            expected.add(observable)
        elif act == 2 and observable in expected:
            book.act(book.of(observable).id, LifeAct.WITHDRAW, account("carl"), "over")
            expected.discard(observable)
        elif act == 3 and observable in expected:
            book.act(book.of(observable).id, LifeAct.REFRESH, account("carl"), "met again")
    except Killed:
        world.centre.reopen()
        world.centre.centre.step()
        settle_doubt(world, dice, observable, expected)
    except (NotNow, NotAllowed):
        settle_doubt(world, dice, observable, expected)


def settle_doubt(world, dice, observable, expected) -> None:
    """The machine died while a person acted: the person looks, and takes what is there for what is wanted."""
    known = {life.observable: life for life in lives(world).every()}
    (expected.add if observable in known and known[observable].wanted else expected.discard)(observable)


def killed_at_random(world, seed, steps=60) -> None:
    dice, expected = SeededDice(seed, "people"), set()
    for _ in range(steps):
        if dice.below(3) == 0:
            people_at_work(world, dice, expected)
        if dice.below(4) == 0:
            world.doom(Death(0, (*FOUR, CENTRE)[dice.below(5)], dice.below(40)))
        step(world, 1)
    assert world.settle()
    step(world, 10)
    nothing_lost_doubled_or_without_end(world, expected)


def nothing_lost_doubled_or_without_end(world, expected) -> None:
    now_us = world.clock.now_us()
    assert in_force(world) == holding(FOUR, *expected)
    for name, node in world.nodes.items():
        assert all(now_us < block.until_us <= now_us + 91 * DAY_US for block in node.enforcer.blocks), name
        assert len({block.observable for block in node.enforcer.blocks}) == len(node.enforcer.blocks)
        assert node.door.ledger.verify() is None
        ids = Counter(
            line["item_id"]
            for line in map(json.loads, node.door.ledger.export())
            if line["kind"] in INSTRUCTIONS and line["verdict"] == "passed"
        )
        assert set(ids.values()) <= {1}
    desk = world.centre.centre.desk
    assert desk.audit_verify() is None
    assert world.ledgers()[CENTRE].verify() is None
    released = {life.observable for life in lives(world).every(LifeState.RELEASED)}
    assert released == expected
    assert lives(world).orders() == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whoever_dies_no_block_is_lost_doubled_or_without_an_end(opened, seed) -> None:
    world = opened(FOUR, 100 + seed)
    killed_at_random(world, seed)
    assert world.centre.deaths + sum(node.deaths for node in world.nodes.values()) > 3


@pytest.mark.slow
@pytest.mark.world
@pytest.mark.parametrize("seed", range(10, 40))
def test_whoever_dies_no_block_is_lost_doubled_or_without_an_end_many_times(opened, seed) -> None:
    """What the test before plays with four seeds in every run."""
    killed_at_random(opened(FOUR, 100 + seed), seed)
