"""The lane of a node: a campaign's rows through the real detectors and gates, with nothing of the actor in reach."""

import inspect

import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.policy import ProtectPolicy
from bavn.app.config.load import read_node
from bavn.app.node.exercise import block as exercise_block
from bavn.app.node.exercise import sandbox as exercise_sandbox
from bavn.app.node.exercise.runner import TRIES_MAX, Runner
from bavn.app.node.protect import never_block
from bavn.app.process.failure_folder import FailureFolder
from bavn.model.moment import HOUR_US
from bavn.model.sector.exercise import ActorStep, BadExercise, Campaign, Played, element_of
from bavn.rehearsal.clock import SimClock

ONE = "exercise-" + "1" * 16


@pytest.fixture
def never(tmp_path) -> NeverBlock:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    return never_block(read_node(file))


@pytest.mark.slow
def test_each_campaign_is_suspected_by_its_detector_and_let_out_as_the_policy_says() -> None:
    beacon = exercise_sandbox.played(ONE, Campaign.BEACON, DoorPolicy())
    tunnel = exercise_sandbox.played(ONE, Campaign.TUNNEL, DoorPolicy(join_strong=False, join_weak=False))
    assert beacon == Played((ActorStep.SUSPECTED, ActorStep.LET_OUT), "beacon", beacon.p_bucket)
    assert tunnel == Played((ActorStep.SUSPECTED, ActorStep.KEPT), "dns_tunnel", tunnel.p_bucket)


def test_the_block_is_the_policys_and_lies_in_no_enforcer_of_the_actors(never) -> None:
    assert exercise_block.blocked(ONE, ProtectPolicy(), never) is ActorStep.BLOCKED
    assert exercise_block.blocked(ONE, ProtectPolicy(automatic=False), never) is ActorStep.WAITS
    forbidden = NeverBlock.of("", "here", own_domains=[element_of(ONE).value])
    assert exercise_block.blocked(ONE, ProtectPolicy(), forbidden) is ActorStep.REFUSED


@pytest.mark.parametrize("name", ["evil.com", "exercise-zz", "exercise-" + "1" * 15, ONE + "/../x", ""])
def test_no_name_but_an_exercises_own_can_be_played_or_blocked(never, name) -> None:
    with pytest.raises(BadExercise):
        exercise_sandbox.played(name, Campaign.BEACON, DoorPolicy())
    with pytest.raises(BadExercise):
        exercise_block.blocked(name, ProtectPolicy(), never)


def test_the_lane_is_handed_policies_alone() -> None:
    given = {
        name for ask in (exercise_sandbox.played, exercise_block.blocked) for name in inspect.signature(ask).parameters
    }
    assert given == {"exercise_id", "campaign", "policy", "never"}


def test_a_node_without_detectors_misses_it_and_what_fails_is_given_up(never, monkeypatch) -> None:
    clock = SimClock(0)
    blind = Runner(DoorPolicy(), ProtectPolicy(), never, clock, watches=False)
    assert blind.played(ONE, Campaign.BEACON) == Played((ActorStep.MISSED,))
    tries = []

    def fails(*_: object) -> Played:
        tries.append(1)
        raise OSError(28, "the disk is full")

    monkeypatch.setattr(exercise_sandbox, "played", fails)
    seeing = Runner(DoorPolicy(), ProtectPolicy(), never, clock, start=lambda work: work())
    for _ in range(6):
        assert seeing.played(ONE, Campaign.BEACON) is None
        clock.advance(HOUR_US)
    assert len(tries) == TRIES_MAX
    assert seeing.blocked(ONE) is ActorStep.BLOCKED


def test_an_exercise_that_fails_unforeseen_costs_none_of_those_that_come_after(never, monkeypatch) -> None:
    failures = FailureFolder(None, SimClock(0))
    runner = Runner(DoorPolicy(), ProtectPolicy(), never, SimClock(0), start=lambda work: work(), failures=failures)
    with monkeypatch.context() as broken:
        broken.setattr(exercise_sandbox, "played", lambda *_: {}["nobody foresaw this"])
        assert runner.played(ONE, Campaign.BEACON) is None
    assert [part.part for part in failures.failing()] == ["exercise"]
    assert runner.blocked("exercise-" + "2" * 16) is ActorStep.BLOCKED
    assert failures.failing() == ()


def test_work_beside_is_given_once_it_is_done(never) -> None:
    waiting = []
    runner = Runner(DoorPolicy(), ProtectPolicy(), never, SimClock(0), start=waiting.append)
    assert runner.blocked(ONE) is None
    assert runner.blocked("exercise-" + "2" * 16) is None  # one at a time
    waiting.pop()()
    assert waiting == []
    assert runner.blocked(ONE) is ActorStep.BLOCKED
