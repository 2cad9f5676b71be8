"""Exercises at the door: asked first, played apart, told by steps alone, and gone when they are over."""

import pytest

from bavn.actor.door.conversations.exercises import OPEN_MAX
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.sector.exercise import AFTER, INSTEAD, ActorStep, Campaign, Played, element_of, may_follow
from bavn.wire.messages.exercise import ExerciseTold, Objective

from .conftest import NOW_US, Actor, suspicion

ONE = "exercise-" + "a" * 16
ALL = [ActorStep.SUSPECTED, ActorStep.LET_OUT]


class TestLane:
    """Plays at once, and notes that it was asked."""

    __test__ = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def played(self, exercise_id: str, campaign: Campaign) -> Played:
        self.asked.append((exercise_id, campaign.value))
        return Played((ActorStep.SUSPECTED, ActorStep.LET_OUT), "beacon", 9)

    def blocked(self, exercise_id: str) -> ActorStep:
        self.asked.append((exercise_id, "block"))
        return ActorStep.BLOCKED


def told(version=1, exercise_id=ONE, **other) -> ExerciseTold:
    plain = {
        "exercise_id": exercise_id,
        "version": version,
        "state": "running",
        "title_en": "Autumn",
        "title_da": "Efterår",
        "objectives": (Objective(en="Answer within an hour.", da="Svar inden en time."),),
        "campaign": "beacon",
        "element": element_of(exercise_id).value,
        "after_minutes": 5,
        "begins_us": NOW_US,
        "ends_us": NOW_US + 4 * HOUR_US,
    }
    return ExerciseTold(**plain | other)


def heard(actor):
    return [(line.verdict, line.rule) for line in actor.ledger.lines(gate="asked", kind="ExerciseTold")]


def playing(centre, *, policy="automatic", suspicions=()):
    made = Actor("north", centre.key, policy=DoorPolicy(exercises=policy), suspicions=list(suspicions))
    centre.to(made, told())
    return made


def stepped(actor, lane, *, minutes=0):
    actor.clock.advance(minutes * MINUTE_US)
    for _ in range(3):
        actor.door.cases.exercises.step(lane)
    return [one.step for one in actor.said()]


def test_nothing_is_played_or_said_before_a_person_allows_it(centre) -> None:
    north, lane = playing(centre, policy="ask"), TestLane()
    assert stepped(north, lane, minutes=10) == []
    assert lane.asked == []
    north.door.cases.exercises.leave(ONE, ActorStep.ALLOWED, "anna")
    assert stepped(north, lane) == ["allowed", "injected", "suspected", "let-out"]


def test_a_policy_that_says_never_hears_and_says_nothing(centre) -> None:
    north, lane = playing(centre, policy="never"), TestLane()
    assert heard(north) == [("refused", "exercises")]
    assert stepped(north, lane, minutes=10) == []


def test_the_whole_chain_and_then_nothing_is_left(centre) -> None:
    north, lane = playing(centre), TestLane()
    assert stepped(north, lane) == ["allowed"]
    assert stepped(north, lane, minutes=6) == ["injected", "suspected", "let-out"]
    north.door.cases.exercises.leave(ONE, ActorStep.SEEN, "anna")
    centre.to(north, told(2, state="confirmed"))
    centre.to(north, told(3, state="released"))
    assert stepped(north, lane) == ["seen", "blocked"]
    centre.to(north, told(4, state="ended"))
    assert stepped(north, lane) == ["cleaned"]
    kept = north.door.cases.exercises.get(ONE)
    assert (kept.state, kept.said, north.door.cases.exercises.steps(ONE)) == ("ended", {}, [])
    north.clock.advance(31 * DAY_US)
    north.door.tidy()
    assert north.door.cases.exercises.get(ONE) is None
    kinds = {line.kind for line in north.ledger.lines()}
    assert kinds == {"ExerciseTold", "ExerciseStep"}
    assert north.given == []  # nothing ever came to the real way in


def test_the_kill_ends_it_at_once_and_so_does_its_own_end(centre) -> None:
    north, lane = playing(centre), TestLane()
    stepped(north, lane)
    centre.to(north, told(2, state="stopped"))
    assert stepped(north, lane, minutes=30) == ["cleaned"]
    assert lane.asked == []
    centre.to(north, told(3, state="running"))
    assert heard(north)[-1] == ("refused", "exercise_new")
    south = playing(centre)
    stepped(south, lane)
    assert stepped(south, lane, minutes=5 * 60) == ["cleaned"]
    assert south.door.cases.exercises.get(ONE).said == {}


def test_an_actor_can_end_it_here_at_any_time(centre) -> None:
    north, lane = playing(centre), TestLane()
    stepped(north, lane)
    assert north.door.cases.exercises.quit(ONE)
    assert stepped(north, lane, minutes=10) == ["cleaned"]
    assert not north.door.cases.exercises.quit(ONE)
    centre.to(north, told(2, state="released"))
    assert heard(north)[-1] == ("refused", "exercise_new")
    assert stepped(north, lane, minutes=10) == []
    assert lane.asked == []


def test_what_is_said_is_the_same_whatever_the_actor_holds(centre) -> None:
    """Twins that differ in all that they suspect, and in who allowed it, say the same bytes."""
    mine = Observable.of("domain", element_of(ONE).value)
    twins = [
        playing(centre, policy="ask"),
        playing(
            centre,
            policy="ask",
            suspicions=[
                suspicion(),
                suspicion(id="1" * 32, p=1e-9, observables=(mine,)),
            ],
        ),
    ]
    said = []
    for north, by in zip(twins, ("bo", "Anna Berg of the emergency ward"), strict=True):
        north.door.cases.exercises.leave(ONE, ActorStep.ALLOWED, by)
        north.clock.advance(6 * MINUTE_US)
        centre.to(north, told(2, state="released"))
        for _ in range(3):
            north.door.cases.exercises.step(TestLane())
        said.append([one.model_dump_json() for one in north.said()])
        assert {c for one in north.ever for c in one.privacy().values()} == {"S5"}
    assert said[0] == said[1]
    assert len(said[0]) == 5


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"element": "evil.com"}, "exercise_reserved"),
        ({"element": "bavn-exercise-" + "b" * 16 + ".example"}, "exercise_reserved"),
        ({"element": "www.bavn-" + ONE + ".example"}, "exercise_reserved"),
        ({"title_en": "a\u202eb"}, "exercise_form"),
        ({"ends_us": NOW_US}, "exercise_form"),
        ({"ends_us": NOW_US + 15 * DAY_US}, "exercise_form"),
        ({"begins_us": NOW_US + 70 * DAY_US, "ends_us": NOW_US + 71 * DAY_US}, "exercise_form"),
    ],
)
def test_a_hostile_centre_gets_one_refusal_with_its_rule(centre, wrong, rule) -> None:
    north, lane = Actor("north", centre.key, policy=DoorPolicy(exercises="automatic")), TestLane()
    centre.to(north, told(**wrong))
    assert heard(north) == [("refused", rule)]
    assert stepped(north, lane, minutes=10) == []
    assert lane.asked == []


@pytest.mark.parametrize(
    "wrong", [{"after_minutes": 0}, {"campaign": "dns-tunnel"}, {"ends_us": NOW_US + DAY_US}, {"title_en": "x"}]
)
def test_what_was_allowed_stays_as_it_was(centre, wrong) -> None:
    north = playing(centre)
    centre.to(north, told(2, state="released", **wrong))
    assert heard(north)[-1] == ("refused", "exercise_same")


def test_it_never_goes_back(centre) -> None:
    north = playing(centre)
    centre.to(north, told(2, state="released"))
    centre.to(north, told(3, state="running"))
    assert heard(north)[-1] == ("refused", "exercise_same")


def test_exercises_are_bounded(centre) -> None:
    north = Actor("north", centre.key)
    for number in range(OPEN_MAX + 1):
        centre.to(north, told(exercise_id=f"exercise-{number:016x}"))
    assert [verdict for verdict, _ in heard(north)] == ["passed"] * OPEN_MAX + ["refused"]
    assert heard(north)[-1][1] == "exercise_room"


def test_steps_out_of_order_or_twice_do_not_leave(centre) -> None:
    north = playing(centre, policy="ask")
    for step in (ActorStep.SEEN, ActorStep.ALLOWED, ActorStep.ALLOWED, ActorStep.DECLINED):
        north.door.cases.exercises.leave(ONE, step, "anna")
    assert stepped(north, None) == ["allowed"]
    lines = [(line.verdict, line.rule) for line in north.ledger.lines(gate="door", kind="ExerciseStep")]
    assert lines.count(("refused", "exercise_step")) == 3


def test_the_table_of_steps_has_no_way_past_it() -> None:
    assert set(AFTER) == set(ActorStep)
    for group in INSTEAD:
        for one in group:
            assert not any(may_follow(frozenset({*AFTER[one], *AFTER[two], two}), one) for two in group if two != one)
    assert not may_follow(frozenset({ActorStep.ALLOWED, ActorStep.CLEANED}), ActorStep.INJECTED)
