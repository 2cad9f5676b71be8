"""The room that tests of casework stand in."""

import pytest

from bavn.rehearsal.clock import SimClock
from tests.centre.cases.room import NAMES, NOW_US, Room, lead


@pytest.fixture
def room(databases):
    made = Room(databases.new())
    yield made
    databases.free(made.engine)


@pytest.fixture
def two(room):
    first, second = room.cases.open(lead(1)), room.cases.open(lead(2, (2, 3), score=11.0))
    for number, (actor, at) in enumerate((("north", 0), ("south", 1), ("north", 2), ("west", 3))):
        room.work.involved.reported(lead(1 + number // 2).lead_id, [(actor, NAMES[at], "T1071")])
    return first.id, second.id


@pytest.fixture
def clock():
    return SimClock(NOW_US)
