"""An exercise from the centre to every door that has a part in it, through a lane apart, and back, in one process."""

from dataclasses import replace

import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.centre.cases.exercises.exercises import UnknownExercise
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.share.exercise_rules import ExerciseGrounds
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.principal import account
from bavn.model.sector.exercise import (
    AHEAD_DAYS_MAX,
    ActorStep,
    BadExercise,
    Campaign,
    ExerciseState,
    NoSuchStep,
    Plan,
    Played,
    Role,
)
from bavn.model.statement import Exercising
from bavn.model.text import Text

FOUR = {"clinic": "clinic", "east": "east", "north": "north", "south": "south"}
ANNA, BO = account("Anna Berg"), account("Bo Dam")


class TestLane:
    """Plays at once."""

    __test__ = False

    def __init__(self, *, sees: bool = True) -> None:
        self.sees = sees

    def played(self, exercise_id: str, campaign: Campaign) -> Played:
        if not self.sees:
            return Played((ActorStep.MISSED,))
        return Played((ActorStep.SUSPECTED, ActorStep.LET_OUT), campaign.value.replace("-", "_"), 9)

    def blocked(self, exercise_id: str) -> ActorStep:
        return ActorStep.BLOCKED


@pytest.fixture
def sector(make_sector):
    made = make_sector(FOUR)
    for node in made.nodes.values():
        exercises = node.door.cases.exercises
        exercises.at = replace(exercises.at, policy=DoorPolicy(exercises="automatic"))
    made.run()
    return made


def exercises(sector):
    return sector.centre._exercise_post.exercises


def planned(sector, names=("north", "south"), **other):
    now_us = sector.clock.now_us()
    plain = {
        "title": Text.written("Autumn", da="Efterår"),
        "objectives": (Text.written("Answer within an hour.", da="Svar inden en time."),),
        "roles": tuple(Role(actor=name, campaign=Campaign.BEACON, after_minutes=n) for n, name in enumerate(names)),
        "begins_us": now_us,
        "ends_us": now_us + 4 * HOUR_US,
    }
    return exercises(sector).plan(Plan(**plain | other), ANNA)


def turn(sector, lanes=None, times=3):
    for _ in range(times):
        for name, node in sector.nodes.items():
            node.door.cases.exercises.step((lanes or {}).get(name, TestLane()))
        sector.clock.advance(MINUTE_US)
        sector.run()


def said(sector, exercise_id):
    return {
        one.role.actor: sorted(step.value for step in one.steps_taken())
        for one in exercises(sector).get(exercise_id).actors
    }


def real_things(sector):
    """What the exercise must never touch: leads, cases, indicators, verdicts, counts, signs."""
    from sqlalchemy import MetaData, func, select

    engine = sector.centre._engine
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as tx:
        counted = {name: select(func.count()).select_from(table) for name, table in found.tables.items()}
        log = found.tables["log_entry"]
        counted["log_entry"] = counted["log_entry"].where(log.c.kind != "act")  # of each line of case_audit
        return {
            name: tx.scalar(rows)
            for name, rows in counted.items()
            if not name.startswith("exercise") and name not in ("case_audit", "node_health", "centre_health")
        }


@pytest.mark.slow
def test_the_whole_chain_is_played_apart_and_leaves_nothing_real(sector) -> None:
    made = planned(sector)
    before = real_things(sector)
    exercises(sector).start(made.id, ANNA)
    sector.run()
    turn(sector)
    assert said(sector, made.id) == {
        "north": ["allowed", "injected", "let-out", "suspected"],
        "south": ["allowed", "injected", "let-out", "suspected"],
    }
    assert exercises(sector).get(made.id).lead_us is not None
    exercises(sector).confirm(made.id, ANNA)
    with pytest.raises(NotAllowed, match="two people"):
        exercises(sector).release(made.id, ANNA)
    exercises(sector).release(made.id, BO)
    sector.run()
    turn(sector)
    exercises(sector).end(made.id, BO, "all was played")
    sector.run()
    turn(sector)
    whole = exercises(sector).get(made.id)
    assert whole.state is ExerciseState.ENDED
    assert all({ActorStep.BLOCKED, ActorStep.CLEANED} <= one.steps_taken() for one in whole.actors)
    for name in ("north", "south"):
        assert sector.nodes[name].door.cases.exercises.get(made.id).said == {}
    for name in ("clinic", "east"):
        assert sector.nodes[name].door.cases.exercises.get(made.id) is None
    after = real_things(sector)
    assert {name: (before[name], n) for name, n in after.items() if n != before[name]} == {}


def test_the_kill_reaches_every_node_and_a_plan_is_killed_unsaid(sector) -> None:
    made = planned(sector)
    exercises(sector).start(made.id, ANNA)
    sector.run()
    turn(sector, times=1)
    exercises(sector).stop(made.id, BO, "a real case needs everybody")
    sector.run()
    turn(sector)
    assert all(ActorStep.CLEANED in one.steps_taken() for one in exercises(sector).get(made.id).actors)
    other = planned(sector)
    exercises(sector).stop(other.id, BO, "not now")
    sector.run()
    assert sector.nodes["north"].door.cases.exercises.get(other.id) is None
    with pytest.raises(NoSuchStep):
        exercises(sector).start(other.id, ANNA)


def test_no_lead_where_too_few_let_it_out_and_it_ends_by_itself(sector) -> None:
    made = planned(sector)
    exercises(sector).start(made.id, ANNA)
    sector.run()
    turn(sector, {"south": TestLane(sees=False)})
    assert said(sector, made.id)["south"] == ["allowed", "injected", "missed"]
    with pytest.raises(NoSuchStep, match="no lead"):
        exercises(sector).confirm(made.id, ANNA)
    sector.clock.advance(5 * HOUR_US)
    sector.run()
    assert exercises(sector).get(made.id).state is ExerciseState.ENDED
    sector.clock.advance(401 * DAY_US)
    exercises(sector).forget()
    with pytest.raises(UnknownExercise):
        exercises(sector).get(made.id)


def test_what_lies_too_far_ahead_is_started_later(sector) -> None:
    begins_us = sector.clock.now_us() + (AHEAD_DAYS_MAX + 1) * DAY_US
    made = planned(sector, begins_us=begins_us, ends_us=begins_us + 4 * HOUR_US)
    with pytest.raises(NoSuchStep, match="more than 60 days ahead"):
        exercises(sector).start(made.id, ANNA)
    sector.clock.advance(DAY_US)
    exercises(sector).start(made.id, ANNA)
    sector.run()
    assert all(sector.nodes[name].door.cases.exercises.get(made.id) is not None for name in ("north", "south"))


def test_an_actor_says_nothing_of_what_it_was_not_told(sector) -> None:
    made = planned(sector)
    exercises(sector).start(made.id, ANNA)
    sector.run()
    may = exercises(sector).may_say
    assert may(made.id, "east", "allowed") == Refused("unknown_exercise", "the actor was told of no such exercise")
    turn(sector, times=1)
    assert may(made.id, "north", "allowed").rule == "exercise_step"
    assert may(made.id, "north", "declined").rule == "exercise_step"
    assert may(made.id, "north", "blocked") is None


def test_gate_3_lets_no_exercise_out_that_nobody_started_or_that_names_others(sector) -> None:
    made = planned(sector)
    named = planned(sector, title=Text.written("South is hit first", da="Syd rammes først"))
    mine = next(one for one in made.plan.roles if one.actor == "north")
    south = Role(actor="south", campaign=Campaign.BEACON)
    why = ExerciseGrounds(by=ANNA, others=("south", "east", "clinic"))
    for grounds, plan, role, rule in (
        (None, made.plan, mine, "exercise_for"),
        (ExerciseGrounds(by="", others=()), made.plan, mine, "exercise_for"),
        (why, made.plan, south, "exercise_for"),
        (why, named.plan, mine, "exercise_names"),
    ):
        letter = Exercising(
            to="north", exercise_id=made.id, version=1, state=ExerciseState.RUNNING, plan=plan, role=role
        )
        refused = sector.centre._share.say(letter, grounds)
        assert refused is not None
        assert refused.rule == rule


@pytest.mark.parametrize(
    "wrong",
    [
        {"objectives": ()},
        {"title": Text.written(" ", da="x")},
        {"t": 1},
        {"roles": ()},
        {"title": Text.written("a\u202eb", da="x")},
        {"ends_us": 0},
        {"ends_us": 15 * DAY_US},
        {"roles": (Role(actor="north", campaign=Campaign.BEACON, after_minutes=300),)},
        {"roles": (Role(actor="north", campaign=Campaign.BEACON), Role(actor="north", campaign=Campaign.TUNNEL))},
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong) -> None:
    plain = {
        "title": Text.written("Autumn", da="Efterår"),
        "objectives": (Text.written("Answer.", da="Svar."),),
        "roles": (Role(actor="north", campaign=Campaign.BEACON),),
        "begins_us": 0,
        "ends_us": 4 * HOUR_US,
    }
    assert Plan(**plain).t == 2
    with pytest.raises(BadExercise):
        Plan(**plain | wrong)
