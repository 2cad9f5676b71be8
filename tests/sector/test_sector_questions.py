"""A question to the whole simulated sector: answered within a minute, silence shown as silence, nothing lost."""

import json
from dataclasses import dataclass

import pytest

from bavn.actor.door.conversations.questions import QUESTIONS_SQL
from bavn.actor.protect.own_history import History
from bavn.actor.store.query.hunt import Hunted
from bavn.app.acts.act import ActRefused
from bavn.app.acts.centre import indicators as acts
from bavn.centre.desk.radius import radius_of
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, hour_of
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.indicator_life import LifeAct
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import CENTRE, START_US, Death, Script
from bavn.rehearsal.world import World

ACTORS = ("actor-a", "actor-b", "actor-c", "actor-d")
EVIL, QUIET = Observable.of("domain", "kvist-maler.net"), Observable.of("ip4", "45.9.148.20")
HIT = {"actor-a", "actor-c"}


@dataclass(frozen=True)
class Past:
    """A window of a store that knows two months."""

    first_us: int
    last_us: int
    known_from_us: int = START_US - 60 * DAY_US
    homes: tuple[str, ...] = ()

    def rows(self, *_, **__):
        return []


def remembers(name):
    def met(window, observables):
        return [
            Hunted(
                observable=one,
                count=5,
                hosts=1,
                named=("10.1.1.9",),
                first_us=START_US - 50 * HOUR_US,
                last_us=START_US - HOUR_US,
                tables=("dns",),
            )
            for one in observables
            if one == EVIL and name in HIT
        ]

    return lambda *_: (None, History(Past, met))


@pytest.fixture
def opened(disk):
    worlds = []

    def make(**script) -> World:
        plain = {"seed": 4, "actors": ACTORS, "steps": 0, "step_s": 10, "tiers": (), "releases": False}
        made = World(Script(**plain | script), disk, senses={name: remembers(name) for name in ACTORS[:3]})
        worlds.append(made)
        return made

    yield make
    for made in worlds:
        made.close()


def ask(world, *observables):
    kept = world.centre.centre.desk.questions
    now_us = world.clock.now_us()
    made = kept.ask(
        observables or (EVIL, QUIET), ACTORS, account("anne"), why="seen at a partner", since_us=now_us - 30 * DAY_US
    )
    return kept.approve(made.id, account("bo"))


def step(world, seconds):
    for _ in range(seconds // 10):
        world.clock.advance(10 * SECOND_US)
        world.step()


def told(world, question):
    view = world.centre.centre.desk.questions.view(question.id)
    return {
        actor.actor: [(a.number, a.state, a.count_bucket) for a in actor.answers] or "unanswered"
        for actor in view.actors
    }


MET, NO = [(0, "met", 3), (1, "not_met", 0)], [(0, "not_met", 0), (1, "not_met", 0)]
DECLINED = [(0, "declined", 0), (1, "declined", 0)]


def test_every_node_answers_within_a_minute(opened) -> None:
    world = opened()
    step(world, 10)
    question = ask(world)
    asked_us = world.clock.now_us()
    step(world, 60)
    assert told(world, question) == {"actor-a": MET, "actor-b": NO, "actor-c": MET, "actor-d": DECLINED}
    view = world.centre.centre.desk.questions.view(question.id)
    answers = [answer for actor in view.actors for answer in actor.answers]
    assert max(answer.received_us for answer in answers) - asked_us <= MINUTE_US
    first = {answer.first_hour for answer in answers if answer.state == "met"}
    assert first == {hour_of(START_US) - 50}


def test_a_node_that_is_away_is_shown_as_unanswered_and_answers_when_it_is_back(opened) -> None:
    world = opened()
    world.links["actor-b"].faults = Faults(request_lost=1.0)
    question = ask(world)
    step(world, 60)
    assert told(world, question)["actor-b"] == "unanswered"
    assert told(world, question)["actor-a"] == MET
    world.links["actor-b"].faults = Faults()
    step(world, 60)
    assert told(world, question)["actor-b"] == NO


def test_an_answer_after_the_end_or_to_a_question_taken_back_is_refused(opened) -> None:
    world = opened()
    world.links["actor-a"].faults = world.links["actor-b"].faults = Faults(request_lost=1.0)
    question = ask(world)
    step(world, 30)
    world.centre.centre.desk.questions.end(question.id, "carl", "asked by mistake")
    world.links["actor-a"].faults = Faults()
    step(world, 60)
    assert told(world, question)["actor-a"] == "unanswered"
    lines = [json.loads(line) for line in world.ledgers()[CENTRE].export()]
    assert {line["rule"] for line in lines if line["kind"] == "QuestionAnswered" and line["verdict"] == "refused"} == {
        "unknown_question"
    }
    world.clock.advance(8 * DAY_US)
    world.links["actor-b"].faults = Faults()
    step(world, 60)
    assert told(world, question)["actor-b"] == "unanswered"


def approved(world):
    """An indicator that two people stand behind, and that is not released."""
    book = world.centre.centre.desk.indicator_book
    life = book.draft(EVIL, account("anne"), "seen", technique="T1071.001")
    book.act(life.id, LifeAct.REVIEW, account("anne"), "look")
    return life, lambda: book.act(life.id, LifeAct.APPROVE, account("bo"), "yes")


def test_how_far_a_block_would_reach_is_asked_before_its_release_and_no_actors_part_is_kept(opened) -> None:
    """The whole way: act, gate 3, each node's own history and noise, gate 2, sum. A name that nobody is about to
    release is not asked for, and nobody asks twice while answers come."""
    world = opened()
    desk = world.centre.centre.desk
    step(world, 10)
    life, approve = approved(world)
    why = acts.RadiusAsking(why="released next")
    with pytest.raises(ActRefused, match="two people"):
        acts.ask_radius(desk, account("carl"), life.id, why)
    approve()
    question = acts.ask_radius(desk, account("anne"), life.id, why)
    assert (question.asked_by, question.approved_by) == ("anne", "bo")
    with pytest.raises(ActRefused, match="already"):
        acts.ask_radius(desk, account("carl"), life.id, why)
    assert radius_of(desk, life.id).answered == 0
    step(world, 60)
    radius = radius_of(desk, life.id)
    assert (radius.members, radius.answered, radius.declined) == (4, 3, 1)
    assert radius.hosts.high >= 2
    lines = [json.loads(line) for line in world.ledgers()[CENTRE].export()]
    counted = [json.loads(line["summary"]) for line in lines if line["kind"] == "QuestionCounted"]
    assert [sorted(one) for one in counted] == [["number", "question_id"]] * 3
    own = [json.loads(line) for line in world.ledgers()["actor-a"].export()]
    assert [json.loads(one["summary"])["epsilon_milli"] for one in own if one["kind"] == "QuestionCounted"] == [100]


@pytest.mark.slow
@pytest.mark.parametrize("questions", [0, 2, 5, 9, 14, 20, 33])
def test_whoever_dies_when_each_answer_is_there_once(opened, questions) -> None:
    """Node and centre die at any question to their clock; each item at each gate still has one line."""
    world = opened()
    question = ask(world)
    for death in (Death(0, "actor-a", questions), Death(0, CENTRE, questions // 2)):
        world.doom(death)
    step(world, 120)
    assert told(world, question) == {"actor-a": MET, "actor-b": NO, "actor-c": MET, "actor-d": DECLINED}
    for name, rows in ((name, world.nodes[name].book.rows(QUESTIONS_SQL)) for name in ACTORS):
        assert len(rows) == 2, name
        assert all(row[10] in ("met", "not_met", "declined") for row in rows)
    lines = [json.loads(line) for line in world.ledgers()["actor-a"].export()]
    assert sum(line["kind"] == "QuestionAnswered" and line["verdict"] == "passed" for line in lines) == 2
