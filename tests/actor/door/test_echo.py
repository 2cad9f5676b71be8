"""What rests on an indicator that the sector shared comes back as a sighting and never as a report: each way back."""

import pytest

from bavn.actor.door.echo import is_echo
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.suspicion import RowsRef
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, suspicion

from .conftest import NOW_US, Actor, TestCentre

MADE_US = NOW_US - 3 * HOUR_US
HELD = (MADE_US, NOW_US + DAY_US)


def holds(observable):
    return HELD if observable == BAD else None


def alert(rule, **other):
    rows = RowsRef("alert", (("src", "10.1.2.3"), ("signature_id", rule)), 0, 1)
    return suspicion(
        **{"detector": "signature", "rows": rows, "first_us": MADE_US + HOUR_US, "period_s": None, "regularity": None}
        | other
    )


def listed(detector="ioc", table="pair_hour", **other):
    rows = RowsRef(table, (("src", "10.1.2.3"),), 0, 1)
    return suspicion(detector=detector, rows=rows, period_s=None, regularity=None, **other)


BELOW = {"observables": (Observable.of("domain", "x.cdn-sync-hub.net"),), "peer": "x.cdn-sync-hub.net"}
ECHOES = {
    "an alert of our own rule": alert(1_817_102),
    "an alert of our own rule from before": alert(1_817_102, first_us=MADE_US - DAY_US),
    "an alert of our own rule on something else": alert(1_817_001, observables=(), peer="203.0.113.9"),
    "a product that reads our list": alert(4_000_001),
    "a list made of it": listed(),
    "a list made of it, over the past": listed(first_us=MADE_US - 9 * DAY_US),
    "a list on a name below it": listed(**BELOW),
    "a Sigma rule made of it": listed("signature", "dns"),
}
EVIDENCE = {
    "a beacon": suspicion(),
    "somebody's rule that spoke before": alert(4_000_001, first_us=MADE_US - HOUR_US),
    "a list that names another": listed(observables=(Observable.of("ip4", "203.0.113.9"),), peer="203.0.113.9"),
    "somebody's rule on another": alert(4_000_001, observables=(), peer="other.example"),
}


@pytest.mark.parametrize("given", ECHOES.values(), ids=ECHOES)
def test_each_way_back_is_an_echo(given):
    assert is_echo(given, holds)


def test_what_was_looked_for_stays_an_echo_and_anything_else_joins():
    assert is_echo(listed(shared=True), lambda _: None)
    assert not is_echo(listed(), lambda _: None)
    north, *_ = three([listed()], lambda _: None)
    assert reports(north)
    north, *_ = three([alert(1_817_102, p=1e-6, id="e" * 32), suspicion()], holds)
    assert {report.detector for report in reports(north)} == {"beacon"}


@pytest.mark.parametrize("given", EVIDENCE.values(), ids=EVIDENCE)
def test_what_rests_on_something_else_is_evidence(given):
    assert not is_echo(given, holds)


def three(north, held):
    centre = TestCentre()
    actors = [
        Actor("north", centre.key, seed=1, suspicions=north),
        Actor("south", centre.key, seed=2, suspicions=[suspicion()]),
        Actor("west", centre.key, seed=3, suspicions=[suspicion()]),
    ]
    actors[0].door.rounds._holds = held
    centre.round(actors)
    return actors


def reports(actor):
    return [message for message in actor.ever if isinstance(message, messages.Report)]


@pytest.mark.slow
@pytest.mark.parametrize("given", [alert(1_817_102), listed(), alert(4_000_001)])
def test_an_echo_joins_no_round_and_its_line_says_why(given):
    north, south, _ = three([given], holds)
    assert reports(north) == reports(south) == [], "two of three hold it"
    lines = [line for line in north.ledger.every() if line.rule == "not_echo"]
    assert lines
    assert {line.kind for line in lines} == {"Element"}


def test_what_was_released_meanwhile_is_not_named_and_twins_say_the_same_bytes():
    """The element joined by right; when the centre asks, all that speaks for it is an echo. What was met of the
    sector's own word changes nothing that leaves but sightings."""
    centre = TestCentre()
    actors = [
        Actor(name, centre.key, seed=at, suspicions=[listed()]) for at, name in enumerate(("north", "south", "west"), 1)
    ]
    released = []
    actors[0].door.rounds._holds = lambda observable: HELD if released and observable == BAD else None
    plain = actors[0].door.rounds._reveal

    def reveal(message):
        released.append(True)
        plain(message)

    actors[0].door.rounds._reveal = reveal
    centre.round(actors)
    assert reports(actors[0]) == []
    assert reports(actors[1])
    assert {line.rule for line in actors[0].ledger.every() if line.kind == "Report"} == {"not_echo"}
    worlds = [three([suspicion(), *more], holds) for more in ([], [alert(1_817_102, id="f" * 32)])]
    assert worlds[0][0].sealed() == worlds[1][0].sealed()
