"""The sector's kill switch: turned by a person, told to each actor once and in order, whoever was away."""

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.sector_switch import ASKED_US, SectorSwitch, SwitchOffRequest
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.principal import account
from bavn.rehearsal.clock import SimClock


@pytest.fixture
def switch(engine):
    return SectorSwitch(engine, SimClock(1_000_000))


def owed(switch, *actors):
    return [(turn.number, turn.on, actor) for turn, actor in switch.to_send(actors)]


def test_each_turn_goes_to_each_once_and_in_order(switch, engine) -> None:
    assert owed(switch, "east", "north") == []
    switch.turn(on=True, user=account("anna"), why="a bad feed")
    assert owed(switch, "east", "north") == [(1, True, "east"), (1, True, "north")]
    switch.sent(1, "east")
    switch.sent(1, "east")
    assert owed(switch, "east", "north") == [(1, True, "north")]
    switch.turn(on=False, user=account("anna"), why="mended")
    assert owed(switch, "east", "north") == [(1, True, "north")]
    switch.turn(on=False, user=account("bo"), why="mended")
    assert owed(switch, "east", "north") == [(2, False, "east"), (2, False, "north")]
    assert owed(switch, "west") == [(2, False, "west")]
    lines = audit.lines(engine, subject="sector")
    assert [(line.who, line.act) for line in lines] == [
        ("anna", "kill-switch-on"),
        ("anna", "kill-switch-off-asked"),
        ("bo", "kill-switch-off"),
    ]


@pytest.mark.parametrize(
    ("on", "why", "error"), [(False, "x", NotAllowed), (True, " ", ValueError), (True, "x" * 201, ValueError)]
)
def test_what_is_refused(switch, on, why, error) -> None:
    with pytest.raises(error):
        switch.turn(on=on, user=account("anna"), why=why)
    assert switch.now() is None


def test_off_takes_two_different_people_within_a_day(engine) -> None:
    clock = SimClock(1_000_000)
    switch = SectorSwitch(engine, clock)
    switch.turn(on=True, user=account("anna"), why="now")
    asked = switch.turn(on=False, user=account("bo"), why="mended")
    assert isinstance(asked, SwitchOffRequest)
    assert switch.off_request() == asked
    for again in (account("bo"), account("Bo")):
        with pytest.raises(NotAllowed, match="a second person"):
            switch.turn(on=False, user=again, why="mended")
    assert switch.now().on
    clock.advance(ASKED_US + 1)  # no two turns have one moment
    assert switch.off_request() is None
    assert isinstance(switch.turn(on=False, user=account("anna"), why="too late: asked anew"), SwitchOffRequest)
    off = switch.turn(on=False, user=account("bo"), why="yes")
    assert (off.on, off.by, off.asked_by, off.number) == (False, account("bo"), account("anna"), 2)
    assert switch.turns()[-1] == off
    assert switch.off_request() is None
    assert switch.turn(on=True, user=account("bo"), why="again").number == 3  # on takes one


def test_it_is_not_turned_twice_the_same_way(switch) -> None:
    switch.turn(on=True, user=account("anna"), why="now")
    with pytest.raises(NotAllowed):
        switch.turn(on=True, user=account("bo"), why="now")
