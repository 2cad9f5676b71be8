"""The running centre reads what is due by itself; a failure is its source's, a broken invariant ends the centre."""

import threading
import time

import pytest

from bavn.app.centre.exchange.keeper import IntelKeeper, MispTurn
from bavn.app.config.misp import MispTable
from bavn.centre.books.tables import open_engine
from bavn.centre.cases.questions import Questions
from bavn.centre.correlate.lists import NoLists
from bavn.centre.desk.partnership import open_partners
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.node.intelligence import Intelligence
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.ports import LinkDown
from bavn.model.sector.intel import IntelSettings, Source
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book


class World:
    def __init__(self, folder):
        self.engine, self.book = open_engine(f"sqlite:///{folder / 'centre.db'}"), Book(folder / "book.db")
        self.clock = SimClock(20_000 * DAY_US)
        self.intel = Intelligence(
            engine=self.engine,
            gate=IntelGate(self.book, self.clock, IntelSettings()),
            clock=self.clock,
            settings=IntelSettings(),
            lists=NoLists(),
            partners=open_partners(self.engine, self.clock),
            questions=Questions(self.engine, self.clock),
        )
        self.broken = []

    def keeper(self, folder, misps=()):
        return IntelKeeper(self.intel, folder, self.clock, lambda: ["north"], self.broken.append, misps)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.book.close()
    made.engine.dispose()


def test_what_is_due_is_read_one_at_a_time_and_what_fails_holds_up_nobody(world, tmp_path) -> None:
    (tmp_path / "list.txt").write_text("evil.example.com\n")
    for name, place in (("gone", "missing.txt"), ("good", "list.txt")):
        world.intel.sources.add(Source(name=name, kind="list", place=place, trust=50), "Anna Berg")
    keeper = world.keeper(tmp_path)
    for _ in range(3):
        keeper.turn()
    assert "cannot be read" in world.intel.sources.get("gone").failure
    assert world.intel.proposals.count() == 1
    read_us = world.intel.sources.get("good").tried_us
    keeper.turn()
    assert world.intel.sources.get("good").tried_us == read_us, "not due yet"
    world.clock.advance(61 * MINUTE_US)
    keeper.turn()
    keeper.turn()
    assert world.intel.sources.get("good").tried_us > read_us
    assert world.broken == []


def test_a_misp_takes_its_turn_and_its_failure_is_its_own(world, tmp_path, caplog) -> None:
    asked = []

    def down():
        asked.append(1)
        raise LinkDown("no route")

    keeper = world.keeper(tmp_path, [MispTurn("nord", MispTable(every_minutes=10), lambda: None, down)])
    for _ in range(3):
        keeper.turn()
    assert len(asked) == 1
    assert "nord: no route" in caplog.text
    world.clock.advance(11 * MINUTE_US)
    keeper.turn()
    assert len(asked) == 2


def test_a_broken_invariant_is_told_once_and_an_end_is_an_end(world, tmp_path, monkeypatch) -> None:
    keeper = world.keeper(tmp_path)
    told = threading.Event()
    monkeypatch.setattr(world.intel, "tidy", lambda _: 1 / 0)
    keeper._broken = lambda error: (world.broken.append(error), told.set())
    keeper.start()
    assert told.wait(10)
    assert isinstance(world.broken[0], ZeroDivisionError)
    quiet = world.keeper(tmp_path)
    monkeypatch.setattr(world.intel, "tidy", lambda _: None)
    quiet.start()
    begun = time.monotonic()
    quiet.end()
    assert time.monotonic() - begun < 5
    assert len(world.broken) == 1
