"""Intelligence at the centre: from a proposal to a case and to actors, never by trust alone; and over every kill."""

import contextlib

import pytest

from bavn.centre.cases.intelligence.confidence import SourceStatus, weigh
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.inbox.intel_pull import pull
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.wire.book import Book, Doomed
from bavn.wire.gate import GateBroken
from tests.centre.node.intel_world import (
    EVIL,
    LISTED,
)

# --- from a proposal to actors -------------------------------------------------------------------------------------


def test_a_proposal_becomes_a_case_with_its_sources_terms(world) -> None:
    world.partner()
    world.source("pp", partner="cert-nord", confidence=90, tlp=Tlp.GREEN, pap=Pap.GREEN)
    world.says("pp", "evil.example.com", "http://shared.example.net/a/b", "listed.example.org")
    world.sync("pp")
    made = world.intel.open_case(EVIL, account("Anna Berg"))
    (element,) = made.facts.elements
    assert (element.groups, element.partners, element.tlp_min, element.pap_max) == (0, 1, "TLP:GREEN", int(Pap.GREEN))
    assert element.score < 7.0, "no word from outside reaches the block line"
    assert world.proposal().case_id == made.id
    derived = world.intel.open_case(Observable.of("domain", "shared.example.net"), account("Anna Berg"))
    assert derived.facts.elements[0].pap_max == int(Pap.AMBER), "the host of a URL is watched at the most"
    listed = world.intel.open_case(LISTED, account("Anna Berg"))
    assert (listed.facts.elements[0].pap_max, listed.facts.elements[0].listed) == (int(Pap.AMBER), True)


@pytest.mark.parametrize("trust", [1, 50, 100])
def test_no_trust_reaches_the_block_line(world, trust) -> None:
    world.source("aa", trust=trust, confidence=100, pap=Pap.CLEAR, may_block=True)
    world.says("aa", "evil.example.com")
    world.sync("aa")
    standings = {"aa": SourceStatus("source:aa", trust, may_block=True)}
    assert weigh(world.proposal(), standings).score < 7.0


def test_what_nobody_claims_any_more_is_noted_in_its_case(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com", "45.9.148.20")
    world.sync("aa")
    case = world.intel.open_case(EVIL, account("Anna Berg"))
    world.says("aa", "45.9.148.20")
    world.sync("aa")
    world.intel.tidy()
    world.intel.tidy()
    acts = [line.act for line in world.intel.cases.audit_lines(case.id)]
    assert acts.count("no-longer-claimed") == 1
    with pytest.raises(NotAllowed, match="claims this any more"):
        world.intel.open_case(EVIL, account("Anna Berg"))


def test_a_source_is_read_by_one_process_at_a_time_and_a_dead_one_holds_it_for_minutes_only(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com")
    world.intel.sources.begin("aa")
    with pytest.raises(NotAllowed, match="being read"):
        world.sync("aa")
    world.clock.advance(HOUR_US)
    assert world.sync("aa").counts.new == 1
    assert world.sync("aa").failure == ""


def test_a_centre_that_ends_stops_between_two_chunks_and_lets_go(world) -> None:
    world.source("aa")
    world.says("aa", *(f"a{n}.example.com" for n in range(1200)))
    asked = iter([False, True, True, True])
    first = world.intel.sync("aa", world.net, lambda: next(asked))
    assert (first.counts.new, first.counts.put_off, first.more, first.failure) == (500, 700, True, "")
    again = world.sync("aa")
    assert (again.counts.new, again.counts.unchanged) == (700, 500)
    assert world.intel.proposals.count() == 1200


# --- kills ---------------------------------------------------------------------------------------------------------


def test_what_passed_the_gate_and_was_not_worked_off_is_worked_off_by_the_next(world) -> None:
    world.source("aa")
    world.says("aa", "evil.example.com", "45.9.148.20")
    state = world.intel.sources.get("aa")
    steps = list(pull(state.source, state.cursor, world.net, 100, world.clock))
    world.gate.take_in(world.intel.terms(state), steps[0].pieces[0], world.gate.known("aa"), 100)
    assert world.intel.proposals.count() == 0
    world.open()
    done = world.sync("aa")
    assert (done.proposals, done.counts.new, done.counts.unchanged) == (2, 0, 2)
    world.open()
    assert world.sync("aa").proposals == 0
    assert len(world.lines()) == 2


@pytest.mark.each_on_postgresql
@pytest.mark.slow
@pytest.mark.parametrize("at", range(1, 12))
def test_a_death_at_any_write_loses_nothing_and_doubles_nothing(world, monkeypatch, at) -> None:
    """The book's transactions fail from the nth on, as if the process ended there; a new one goes on."""
    world.source("aa")
    names = [f"a{n}.example.com" for n in range(1100)]
    world.says("aa", *names)
    left = [at]
    real = Book._commit

    def commit(book):
        left[0] -= 1
        if left[0] <= 0:
            book._doomed = True
        real(book)

    monkeypatch.setattr(Book, "_commit", commit)
    with contextlib.suppress(Doomed, GateBroken):
        world.sync("aa")
    monkeypatch.setattr(Book, "_commit", real)
    world.open()
    world.sync("aa")
    assert world.intel.proposals.count() == 1100
    assert len(world.lines()) == 1100
    assert len({line.item_id for line in world.lines()}) == 1100
    assert world.gate.take() == []
    assert world.gate.ledger.verify() is None
