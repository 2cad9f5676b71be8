"""A registry in memory, an authority from seeded dice, a clock that stands still."""

import pytest

from bavn.centre.members.authority import Authority
from bavn.centre.members.enrolment import Application, Enrolment
from bavn.centre.members.registry import Registry
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import NodeKeys

START_US = 1_795_000_000_000_000


@pytest.fixture
def clock():
    return SimClock(START_US)


@pytest.fixture
def registry(engine, clock):
    made = Registry(engine, clock)
    for name in ("region-a", "region-b", "clinic-c"):
        made.add(name, "region" if name.startswith("region") else "clinic", "host-x" if name == "clinic-c" else "")
    return made


@pytest.fixture
def authority(clock):
    return Authority.make("test sector", clock.now_us(), SeededDice(1, "ca"))


@pytest.fixture
def enrolment(registry, authority, clock):
    return Enrolment(registry, authority, clock, SeededDice(1, "enrolment"))


@pytest.fixture
def apply_for():
    """An application as a node makes it; ``seed`` chooses its keys."""

    def made(actor, token, seed=1):
        asked = NodeKeys.make(actor, SeededDice(seed, actor)).ask(token)
        return Application(**asked.model_dump())

    return made
