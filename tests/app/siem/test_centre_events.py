"""What a centre tells, read from its own books: leads, acts, alarms; never what people wrote in a case."""

import json
import threading
import time
from dataclasses import replace

import pytest

from bavn.app.centre.parts import init, open_desk, open_registry
from bavn.app.config.load import read_centre
from bavn.app.process.failure_folder import failures_in
from bavn.app.process.real import SystemClock
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.centre import centre_handover, telling
from bavn.app.siem.centre_events import Acts, Alarms, Leads
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.centre.desk.alarms import EVERY_US, Wrong
from bavn.model.moment import HOUR_US
from bavn.model.sector.case import CaseAct
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from tests.app.test_cli_leads import NOW_US, facts_of, report

SECRET = "the patient's name is on the screen"
ALL = ("case", "release", "audit")


@pytest.fixture
def centre(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text(
        f'[siem]\nto = "file"\nevents_file = "{tmp_path}/bavn.ndjson"\nevery_s = 1\n[centre]\nsector = "health"\n'
    )
    given = read_centre(file)
    init(given)
    desk = open_desk(given, open_registry(given))
    with Book(tmp_path / "book.db") as book:
        yield given, desk, book
    desk.engine.dispose()


def told(stream, limit=100):
    events = stream.events(limit)
    if events:
        stream.settle(events)
    return events


def lead(desk):
    desk.lead_book.keep(correlate([report("north"), report("south")], Context(now_us=NOW_US), {}), {}, NOW_US)
    return desk.lead_book.leads(1)[0]


def test_a_lead_is_told_once_with_its_actors(centre) -> None:
    _, desk, book = centre
    stream = Leads(Bookmark(book), desk.engine)
    assert told(stream) == []
    view = lead(desk)
    (event,) = told(stream)
    assert event.facts["actors"] == ("north", "south")
    assert event.facts["lead"] == view.lead.id
    assert event.observables == view.lead.observables
    assert told(Leads(Bookmark(book), desk.engine)) == []


def test_acts_are_told_by_whom_and_on_what_and_never_what_was_written(centre) -> None:
    _, desk, book = centre
    mark = Bookmark(book)
    stream = Acts(mark, desk, ALL)
    case = desk.cases.open(replace(facts_of(lead(desk), {"A": 2}), score=6.0))
    desk.cases.act(case.id, CaseAct.TAKE, "anna")
    desk.cases.comment(case.id, "anna", SECRET)
    events = told(stream)
    assert [(event.kind, event.action, event.who) for event in events] == [
        ("case", "open", "centre"),
        ("case", "take", "anna"),
        ("case", "comment", "anna"),
    ]
    assert SECRET not in repr(events)
    assert told(Acts(mark, desk, ALL)) == []
    assert told(stream) == []
    desk.cases.act(case.id, CaseAct.CONFIRM, "anna", "we looked")
    assert told(Acts(mark, desk, ("audit",))) == []  # a kind that is not wanted
    assert [event.action for event in told(Acts(mark, desk, ("case",)))] == ["confirm"]


def test_an_alarm_is_told_when_it_begins_and_when_it_is_over(centre) -> None:
    _, desk, book = centre
    clock = SimClock(SystemClock().now_us())
    desk.alarms._clock = clock
    stream = Alarms(Bookmark(book), desk, clock)
    wrong = [Wrong("", "disk")]
    desk.alarms.own = lambda: wrong
    desk.alarms.step(tuple)
    (begun,) = told(stream)
    assert (begun.action, begun.facts["problem"]) == ("problem-begun", "disk")
    assert told(stream) == []
    wrong.clear()
    clock.advance(EVERY_US + HOUR_US)
    desk.alarms.step(tuple)
    assert [one.action for one in told(Alarms(Bookmark(book), desk, clock))] == ["problem-ended"]


def test_beside_a_running_centre_what_happens_comes_to_the_receiver(centre, tmp_path) -> None:
    given, desk, book = centre
    centre_handover(given, desk, book, SystemClock()).close()  # from here on
    view = lead(desk)
    with telling(given, desk, book, SystemClock(), failures_in(given.folder)) as wrong:
        file, end = tmp_path / "bavn.ndjson", time.monotonic() + 30
        while not file.exists():
            assert time.monotonic() < end
            time.sleep(0.1)
        assert wrong is not None
        assert wrong().wrong == ()
    assert not [one for one in threading.enumerate() if one.name == "siem"]
    (event,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert event["bavn"]["lead"] == view.lead.id
    assert event["organization"]["name"] == "health"
