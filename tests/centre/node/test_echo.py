"""The sector's own word, met and told back, lifts no lead: through the doors, and past a door that lets it out."""

from dataclasses import replace

import pytest

from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.sector.case import CaseAct
from bavn.model.suspicion import RowsRef

THREE = ("east", "north", "south")


@pytest.fixture
def released(make_sector, suspicion):
    """A sector of four in which three saw something, and two people released it."""
    sector = make_sector({name: name for name in (*THREE, "west")})
    for name in THREE:
        sector.nodes[name].suspicions = [suspicion()]
    sector.run()
    sector.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
    sector.run()
    assert sector.nodes["west"].told
    later_round(sector, hours=1)  # what the verdict does to the score is done
    return sector


def lead(sector):
    (view, *_) = sector.desk.lead_book.leads()
    return view.lead


def later_round(sector, hours=3):
    """Of the weak tier one round, which is over after twelve minutes: a minute to upload, ten to name."""
    sector.wait(hours * 3600)
    for _ in range(15):
        sector.wait(60)


def met(sector, suspicion, **other):
    """What the fourth has of it, begun after the release."""
    now_us = sector.clock.now_us()
    return suspicion(first_us=now_us + 2 * HOUR_US, last_us=now_us + 2 * HOUR_US, **other)


def own_rule(sector, suspicion):
    rows = RowsRef("alert", (("src", "10.1.2.3"), ("signature_id", 1_817_102)), 0, 1)
    return met(sector, suspicion, detector="signature", rows=rows, period_s=None, regularity=None)


def listed(sector, suspicion):
    rows = RowsRef("pair_hour", (("src", "10.1.2.3"),), 0, 1)
    return met(sector, suspicion, detector="ioc", rows=rows, period_s=None, regularity=None)


def foreign_rule(sector, suspicion):
    rows = RowsRef("alert", (("src", "10.1.2.3"), ("signature_id", 4_000_001)), 0, 1)
    return met(sector, suspicion, detector="signature", rows=rows, period_s=None, regularity=None)


@pytest.mark.slow
@pytest.mark.parametrize("way", [own_rule, listed, foreign_rule])
def test_what_the_fourth_meets_of_it_is_no_report(released, suspicion, way):
    before = lead(released)
    released.nodes["west"].suspicions = [way(released, suspicion)]
    later_round(released)
    after = lead(released)
    assert (after.actors, after.score) == (before.actors, before.score)
    assert "not_echo" in {line.rule for line in released.nodes["west"].door.ledger.every()}


@pytest.mark.slow
def test_behaviour_after_the_release_is_shown_and_adds_no_nats(released, suspicion):
    """The second line, at the centre: the door lets a beacon out, that may be a host whose calls are refused."""
    before = lead(released)
    released.nodes["west"].suspicions = [met(released, suspicion)]
    later_round(released)
    after = lead(released)
    assert (after.actors, after.score) == (before.actors, before.score)
    (term,) = [term for term in after.terms if term.name == "later"]
    assert (term.nats, "west" in term.why.en, "west" in term.why.da) == (0.0, True, True)


@pytest.mark.slow
def test_what_the_fourth_saw_before_the_release_counts_as_it_did(released, suspicion):
    before = lead(released)
    released.nodes["west"].suspicions = [suspicion()]
    later_round(released)
    after = lead(released)
    assert set(after.actors) == {*THREE, "west"}
    assert after.score != before.score, "its report is weighed with the others"
    assert "later" not in {term.name for term in after.terms}


@pytest.mark.slow
def test_after_its_end_it_is_evidence_again(released, suspicion):
    released.clock.advance(40 * DAY_US)
    now_us = released.clock.now_us()
    again = replace(suspicion(), first_us=now_us - HOUR_US, last_us=now_us)
    for name in (*THREE, "west"):
        released.nodes[name].suspicions = [again]
    released.run()
    later_round(released, hours=1)
    assert set(lead(released).actors) == {*THREE, "west"}
