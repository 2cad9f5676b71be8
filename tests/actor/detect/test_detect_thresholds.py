"""Each detector's threshold, just below, at and above: what a detector compares with it is told from there on."""

from importlib import import_module
from math import inf, log, nextafter
from types import SimpleNamespace

import numpy as np
import pytest

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors import lateral, rarity, signature, ward
from bavn.actor.detect.detectors.scan import UNIT_NATS
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import DETECTORS
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.terms import KNOWN_DAYS_MIN, NEW_DAYS_MAX, NEW_NATS, OLD_NATS, Terms
from bavn.model.moment import DAY_US

FLOORS = {
    "beacon": ("hit-few-but-clockwork", "TOLD_NATS_MIN", 3.0, float),
    "bruteforce": ("hit-shares", "STATISTIC_MIN", 3.0, float),
    "dga": ("hit-letters", "ALARM_NATS", log(99), float),
    "dns_tunnel": ("hit-half-a-byte-a-second", "WEAK_BYTES", 60.0, float),
    "exfil": ("hit-hundred-megabytes", "HEIGHT_MIN", 2.0, float),
    "lateral": ("hit-chain", "STATISTIC_MIN", 1.0, float),
    "long": ("hit-ended-after-nine-hours", "WEIGHED_NATS_MIN", log(1.25), float),
    "rarity": ("hit-certificate-of-another", "STRANGE_NATS_MIN", 1.25, float),
    "scan": ("hit-fourth-target", "WALK_UNITS_MIN", 6, lambda nats: round(nats / UNIT_NATS)),
    "tunnel": ("hit-echo-flood", "STATISTIC_MIN", 3.0, float),
}
"""A case of one suspicion, the threshold, its value, and what of the candidate's statistic it is compared with."""
WITHOUT = {"ioc", "signature", "ward"}
"""What is on a list, in a rule or a sign of its own kind is told without a threshold."""
NOW_US, LONG_US = 1000 * DAY_US, KNOWN_DAYS_MIN * DAY_US


def told(made, detector, name):
    case = next(one for one in made.cases() if (one.detector, one.name) == (detector, name))
    window = made.window_of(case)
    context = DetectorContext(window=window, terms=Terms(window, lambda: NO_LISTS), settings=DetectSettings())
    return next(one for one in DETECTORS if one.name == detector).candidates(context).candidates


def test_every_detector_has_a_threshold_here_or_none() -> None:
    assert FLOORS.keys() | WITHOUT == {one.name for one in DETECTORS}


@pytest.mark.slow
@pytest.mark.parametrize("detector", FLOORS)
def test_a_candidate_is_told_from_its_threshold_on(made, monkeypatch, detector) -> None:
    name, constant, value, compared = FLOORS[detector]
    module = import_module(f"bavn.actor.detect.detectors.{detector}")
    assert getattr(module, constant) == pytest.approx(value)
    (found,) = told(made, detector, name)
    reached = compared(found.statistic)
    steps = [reached - 1, reached, reached + 1]
    if isinstance(reached, float):
        steps = [nextafter(reached, -inf), reached, nextafter(reached, inf)]
        if detector == "dns_tunnel":  # compared in bytes, told in their logarithm
            steps = [np.expm1(reached) * (1 + more) for more in (-1e-9, -1e-12, 1e-9)]
    counts = []
    for step in steps:
        monkeypatch.setattr(module, constant, step)
        at = told(made, detector, name)
        counts.append(len(at) if detector != "beacon" else int(at[0].p_times == 1))
    assert counts == [1, 1, 0]


def looked(known_us: int, hosts: int = 0):
    return SimpleNamespace(
        window=SimpleNamespace(last_us=NOW_US), terms=SimpleNamespace(known_from_us=known_us, hosts=hosts)
    )


@pytest.mark.parametrize(
    ("first_us", "known_us", "age", "nats"),
    [
        (NOW_US - LONG_US, 0, "old", OLD_NATS),
        (NOW_US - LONG_US + 1, 0, "new", NEW_NATS),
        (NOW_US - 1, NOW_US - 1 - LONG_US, "new", NEW_NATS),
        (NOW_US - 1, NOW_US - LONG_US, "young", 0.0),
        (NOW_US - LONG_US, NOW_US - LONG_US, "old", 0.0),
    ],
)
def test_what_is_new_is_old_after_a_week_and_neither_before_one_was_seen(first_us, known_us, age, nats) -> None:
    assert lateral._age(SimpleNamespace(first_us=first_us), looked(known_us)) == age
    assert signature._age(first_us, looked(known_us)) == nats


@pytest.mark.parametrize("short_us", [0, 1])
def test_nothing_is_new_to_who_has_not_known_long_enough(short_us) -> None:
    known_us = NOW_US - (KNOWN_DAYS_MIN + NEW_DAYS_MAX) * DAY_US + short_us
    assert rarity._aged(looked(known_us)) is not bool(short_us)
    since_us = NOW_US - ward.LEARNED_DAYS * DAY_US + short_us
    assert ward._Devices([], since_us, set()).learned(NOW_US // DAY_US) is not bool(short_us)


@pytest.mark.parametrize(("hosts", "of", "rare"), [(2, 10, True), (3, 10, False), (5, 100, True), (6, 100, False)])
def test_few_hosts_are_two_or_one_in_twenty(hosts, of, rare) -> None:
    assert rarity.is_rare(hosts, SimpleNamespace(hosts=of)) is rare


@pytest.mark.parametrize(
    ("days", "first_us", "managed", "left"),
    [
        (lateral.HABIT_DAYS_MIN - 1, 0, False, 1.0),
        (lateral.HABIT_DAYS_MIN, 0, False, lateral.HABIT_SHARE),
        (lateral.HABIT_DAYS_MIN, NOW_US - LONG_US + 1, False, 1.0),
        (1, 0, True, lateral.MANAGER_SHARE),
    ],
)
def test_what_is_left_of_a_habit_and_of_an_administrator_s_work(days, first_us, managed, left) -> None:
    story = SimpleNamespace(acts={"login": (1, days)}, first_us=first_us, pair=("a", "b"), against=[])
    assert lateral._share_left(story, frozenset({"a"} if managed else ()), looked(0)) == left


@pytest.mark.parametrize("count", [lateral.MANAGED_MIN - 1, lateral.MANAGED_MIN])
def test_who_works_at_five_machines_manages_them(count) -> None:
    stories = {("a", str(at)): SimpleNamespace(acts={"login": (1, 1)}, first_us=0) for at in range(count)}
    assert lateral._managers(stories, looked(0)) == ({"a"} if count == lateral.MANAGED_MIN else set())


@pytest.mark.parametrize(("amount", "usual"), [(2 * 7, True), (2 * 7 + 1, False)])
def test_a_neighbour_explains_twice_as_much_and_no_more(amount, usual) -> None:
    devices = ward._Devices([], 0, set())
    devices.neighbours = SimpleNamespace(habits=lambda *_: [7, 3])
    assert devices.usual("act", "b", 9, amount) is usual
    devices.neighbours = SimpleNamespace(habits=lambda *_: [])
    assert not devices.usual("act", "b", 9, 0)
