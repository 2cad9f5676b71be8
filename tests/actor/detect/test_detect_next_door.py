"""The commons' term: it orders by at most four nats, moves no indicator, and without a table there is none."""

from dataclasses import replace

import pytest

from bavn.actor.detect.base import Candidate, DetectorContext, Found
from bavn.actor.detect.calibrate import NO_REFERENCE, Tally
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.next_door import NATS, NATS_MAX, NextDoor
from bavn.actor.detect.run import Survey, SurveyBackground, survey
from bavn.model.intel.own_rules import OWN_RULES
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.sector.known_days import DAYS, NOT_LISTED, Familiarity, KnownDays
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text
from bavn.psi.element import element_bytes
from bavn.psi.ordinary import alert_kind

TODAY = 20_800
ORDINARY = bytes([2] * 7) + bytes([NOT_LISTED] * (DAYS - 7))
NEW_THERE = bytes([1, 0]) + bytes([NOT_LISTED] * (DAYS - 2))
NOWHERE = bytes([0] * DAYS)
NAME, OTHER = Observable.of("domain", "www.lager.dk"), Observable.of("domain", "andet.dk")
JOINS, ADDRESS = Observable.of("domain", "lager.dk"), Observable.of("ip4", "45.9.148.1")


class Table:
    """The commons as a table of tests; ``broken`` answers nothing."""

    def __init__(self, *, broken=False, **days: bytes) -> None:
        things = {"name": JOINS, "other": OTHER, "address": ADDRESS, "alert": alert_kind(None, 2_024_897)}
        self.rows = {element_bytes(things[key]): KnownDays(TODAY, value) for key, value in days.items()}
        self.broken = broken

    def of(self, elements):
        if self.broken:
            raise OSError("no book")
        return {one: self.rows[one] for one in elements if one in self.rows}


def candidate(*observables: Observable, statistic=9.0, **other) -> Candidate:
    plain = Candidate(
        population="one",
        host="10.0.0.1",
        peer="www.lager.dk",
        story="a",
        statistic=statistic,
        observables=observables,
        first_us=0,
        last_us=0,
        hosts=1,
        listed=False,
        why=Text.plain("So."),
        rows=RowsRef("flow", (), 0, 0),
    )
    return replace(plain, **other)


def moved(table: Table, one: Candidate, detector="beacon"):
    return NextDoor(table, TODAY).moved(detector, [one])[0]


@pytest.mark.parametrize(("days", "nats"), [(ORDINARY, -4.0), (NEW_THERE, 2.0), (NOWHERE, 0.0)])
def test_what_is_ordinary_next_door_weighs_less_and_what_appears_there_more(days, nats) -> None:
    """A name joins as its registered domain; the address that comes with it is not listed and says nothing."""
    assert moved(Table(name=days), candidate(NAME, ADDRESS)).nats == nats
    assert moved(Table(address=days), candidate(ADDRESS)).nats == nats
    assert moved(Table(address=days), candidate(NAME, ADDRESS)).nats == 0
    assert moved(Table(alert=days), candidate(alerts=(alert_kind(1, 2_024_897),))).nats == nats


def test_it_moves_by_four_nats_at_most_and_never_what_is_not_listed_or_named() -> None:
    assert moved(Table(), candidate(NAME)).nats == 0
    assert moved(Table(name=ORDINARY), candidate(NAME, OTHER)).nats == 0
    assert moved(Table(name=ORDINARY, other=ORDINARY), candidate(NAME, OTHER)).nats == NATS[Familiarity.ESTABLISHED]
    assert moved(Table(name=ORDINARY, other=NEW_THERE), candidate(NAME, OTHER)).nats == NATS[Familiarity.APPEARING]
    both = candidate(NAME, alerts=(alert_kind(1, 2_024_897),))
    assert moved(Table(name=ORDINARY, alert=ORDINARY), both).nats == -NATS_MAX
    assert moved(Table(name=NEW_THERE, alert=NEW_THERE), both).nats == NATS_MAX
    assert moved(Table(name=ORDINARY), candidate(NAME, listed=True)).nats == 0
    table = Table(name=ORDINARY, alert=ORDINARY)
    assert moved(table, candidate(NAME, exact_p=1e-6)).nats == 0
    own = RowsRef("alert", (("src", "10.0.0.1"), ("signature_id", OWN_RULES.start)), 0, 0)
    assert moved(table, candidate(NAME, rows=own)).nats == 0
    for inside in ("ward", "lateral"):
        assert moved(table, candidate(NAME), inside).nats == 0


class Nine:
    """Nine candidates of nine peers; only the strongest has a name that others may know."""

    name, technique, tables = "nine", "T1071", ("flow",)
    innocent = Text.plain("nobody")

    def candidates(self, look: DetectorContext) -> Found:
        made = [
            candidate(*([NAME] if n == 9 else []), population="nine", story=f"{n}", statistic=float(n))
            for n in range(1, 10)
        ]
        return Found(tuple(made), {"nine": Tally.of([one.statistic for one in made] * 40)})


def looked(made, commons, failures=None) -> Survey:
    window = made.MemoryWindow({}, hours=24, known_days=0)
    behind = SurveyBackground(
        known=lambda: NO_LISTS, reference=NO_REFERENCE, now_us=TODAY * DAY_US + 5, commons=commons
    )
    return survey(window, [Nine()], against=behind, failures=failures)


def test_it_orders_a_look_says_why_and_leaves_no_line_out(made) -> None:
    plain = looked(made, None)
    assert [one.statistic for one in plain.suspicions] == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    seen = looked(made, Table(name=ORDINARY))
    assert [one.statistic for one in seen.suspicions] == [8, 7, 6, 5, 5, 4, 3, 2, 1]
    assert {one.id for one in seen.suspicions} == {one.id for one in plain.suspicions}
    fallen = next(one for one in seen.suspicions if one.observables)
    assert fallen.why.en == "So. Ordinary at other organisations of the sector, so weighed down."
    assert fallen.against.en == "Other organisations of the sector use it day after day."
    others = {one.id: one for one in plain.suspicions if not one.observables}
    assert all(one == others[one.id] for one in seen.suspicions if one.id in others)
    risen = looked(made, Table(name=NEW_THERE))
    assert risen.suspicions[0].statistic == 11
    assert risen.suspicions[0].why.en.startswith("So. It has appeared at other organisations of the sector these days")
    assert risen.suspicions[0].against.en == "Nobody."


@pytest.mark.parametrize("commons", [Table(), Table(name=NOWHERE), Table(broken=True)])
def test_where_nothing_is_known_or_can_be_asked_a_look_is_as_without(made, commons) -> None:
    noted = []

    class Noting:
        def note(self, part, error, **_) -> None:
            noted.append(part)

        def works(self, part) -> None:
            pass

    assert looked(made, commons, Noting()) == looked(made, None)
    assert noted == (["detector commons"] if commons.broken else [])
