"""The daily canary through a whole sector: how far each came, what the centre answers, and that it counts nowhere."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bavn.actor.door.conversations.canary import suspicion_of
from bavn.centre.books import tables as t
from bavn.centre.books.canaries import forget_canaries
from bavn.centre.store.engine import reading
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.sector import canary
from bavn.wire.book import Book
from bavn.wire.ledger import Note
from bavn.wire.messages.canary import CanaryAnswered
from bavn.wire.messages.catalogue import Report
from tests.centre.conftest import SqliteDatabases
from tests.centre.node.conftest import Sector

THREE = {name: name for name in ("east", "north", "south")}
DAY = 20_000


@pytest.fixture
def make_here(strong_tier):
    """Sectors over a database in memory, at the hour of the canary."""
    made = []

    def make():
        made.append(Sector(THREE, SqliteDatabases().new(), Book(), config=strong_tier))
        made[-1].clock.advance(HOUR_US)
        return made[-1]

    yield make
    for sector in made:
        sector.close()


@pytest.fixture
def sector(make_here):
    return make_here()


def local_links(node, *, found=True):
    """What a node's rooms say of a canary that set out: its sensor, store and detectors."""
    node.door.canary.step()
    for link in ("sensor", "store", "detect") if found else ("sensor", "store"):
        node.door.canary.note(link, "passed")


def through(sector, minutes=8, *, awake=tuple(THREE), step_s=30):
    for _ in range(minutes * 60 // step_s):
        sector.wait(step_s)
        for name in awake:
            sector.nodes[name].door.canary.step()


def rows(sector, table):
    with reading(sector.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))


def states(sector, name):
    return {at.link.link: at.link.state for at in sector.desk.chains()[name].links}


@pytest.mark.slow
def test_it_goes_through_the_chain_of_every_actor_and_the_centre_knows_each_link(make_sector, strong_tier) -> None:
    sector = make_sector(THREE, config=strong_tier)
    sector.clock.advance(HOUR_US)
    for node in sector.nodes.values():
        local_links(node)
    through(sector)
    for node in sector.nodes.values():
        node.door.canary.note("block", "passed")
    through(sector, 1)
    assert set(sector.desk.chains()) == set(THREE)
    for name in THREE:
        chain = sector.desk.chains()[name]
        assert set(states(sector, name).values()) == {"passed"}, name
        assert chain.day == DAY
        assert chain.named_us is not None
        assert all(at.passed_us is not None and at.took is not None for at in chain.links)


@pytest.mark.slow
def test_a_canary_holds_what_its_day_says_and_becomes_nothing_that_the_sector_remembers(sector) -> None:
    for node in sector.nodes.values():
        local_links(node)
    through(sector)
    assert rows(sector, t.CANARY_RUN) == 3
    for table in (t.SIGNS, t.SEEN, t.LEADS):
        assert rows(sector, table) == 0, table.name
    assert sector.desk.lead_book.leads() == ()
    assert sector.desk.indicators() == ()
    assert all(node.told == [] for node in sector.nodes.values())
    said = [line for line in sector.nodes["east"].door.ledger.lines() if line.kind == "Report" and not line.rule]
    assert said
    for line in said:
        told = Report.model_validate_json(line.summary)
        assert (told.value, told.detector, told.technique) == (f"bavn-canary-{DAY}.invalid", "canary", "T0000")
        assert (told.first_hour, told.last_hour, told.hosts_bucket) == (canary.hour(DAY), canary.hour(DAY), 0)
        assert (told.period_bucket, told.regularity_bucket, told.walk_half_nats) == (None, None, None)
        assert told.age_bucket is None


@pytest.mark.slow
def test_a_canary_changes_nothing_of_what_is_found_beside_it(make_here, suspicion) -> None:
    """Leads and scores with and without canaries: the same."""
    found = []
    for canaries in (True, False):
        sector = make_here()
        for name in ("east", "north"):
            sector.nodes[name].suspicions.append(suspicion(p=0.001))
        if canaries:
            for node in sector.nodes.values():
                local_links(node)
        through(sector)
        leads = sector.desk.lead_book.leads()
        found.append([(v.lead.observables, v.lead.score, len(v.lead.signs)) for v in leads])
    assert found[0] == found[1]
    assert found[0]


@pytest.mark.slow
def test_one_that_is_not_found_by_the_detectors_takes_part_in_no_round_and_is_late(sector) -> None:
    for name, node in sector.nodes.items():
        local_links(node, found=name != "east")
    through(sector, 75, step_s=150)
    east = states(sector, "east")
    assert (east["detect"], east["join"], east["reveal"], east["answer"]) == ("failed", "failed", "failed", "passed")
    assert states(sector, "north")["reveal"] == "passed"
    assert sector.desk.chains()["east"].named_us is None


@pytest.mark.slow
def test_alone_it_is_revealed_to_nobody(sector) -> None:
    local_links(sector.nodes["east"])
    through(sector, 75, awake=("east",), step_s=150)
    chain = sector.desk.chains()["east"]
    assert states(sector, "east")["join"] == "failed"
    assert next(at.link.why for at in chain.links if at.link.link == "join") == "no-other"
    assert chain.named_us is None


def test_the_centre_answers_each_run_once(sector) -> None:
    for node in sector.nodes.values():
        local_links(node)
    through(sector, 3)
    answered = [line for line in sector.nodes["east"].door.ledger.lines() if line.kind == "CanaryAnswered"]
    assert len(answered) == 1
    assert answered[0].rule == ""


@pytest.mark.slow
def test_an_actor_that_says_something_in_a_canary_is_refused_at_the_inbox(sector) -> None:
    """Each field is fixed by the day: nothing can be put into it. And the name cannot come as anything else."""
    for node in sector.nodes.values():
        local_links(node)
    east = sector.nodes["east"].door
    spoken = replace(suspicion_of(DAY), hosts=50)
    east.canary.suspicions = lambda: (spoken,)
    through(sector)
    refused = [line for line in sector.centre._inbox.ledger.lines() if line.rule == "canary"]
    assert refused
    assert {line.peer for line in refused} == {"east"}
    assert sector.desk.chains()["east"].named_us is None
    assert sector.desk.chains()["north"].named_us is not None


def test_a_centre_that_answers_what_was_never_sent_is_refused(sector) -> None:
    """A hostile centre: no canary under way, another day's, another run's, and the same twice."""
    door = sector.nodes["east"].door
    for day, run in ((DAY, 1), (DAY + 1, 1), (DAY - 1, 1)):
        door.canary.take_in(CanaryAnswered(day=day, run=run), _note(door))
    assert door.canary.book.latest() is None
    local_links(sector.nodes["east"])
    door.canary.take_in(CanaryAnswered(day=DAY, run=2), _note(door))
    assert door.canary.book.latest().answered_us is None
    sector.clock.advance(MINUTE_US)
    door.canary.step()
    door.canary.take_in(CanaryAnswered(day=DAY, run=1), _note(door))
    assert door.canary.book.latest().answered_us is not None
    door.canary.take_in(CanaryAnswered(day=DAY, run=1), _note(door))
    assert [line.rule for line in door.ledger.lines() if line.kind == "CanaryAnswered"] == [
        *["canary_sent"] * 4,
        "",
        "canary_once",
    ]


def _note(door):
    return Note(kind="CanaryAnswered", item_id="0" * 64, peer="centre", privacy="C", bytes=10)


def test_what_is_kept_is_bounded(sector) -> None:
    local_links(sector.nodes["east"])
    through(sector, 2, awake=("east",))
    assert rows(sector, t.CANARY_LINK) == 8
    forget_canaries(sector.engine, (DAY + canary.KEPT_DAYS + 1) * DAY_US)
    assert rows(sector, t.CANARY_LINK) == rows(sector, t.CANARY_RUN) == 0
