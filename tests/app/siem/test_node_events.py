"""What a node and a centre tell, read from their own books: each thing once, also after a restart, what happened while
the receiver was away, and never what people wrote in a case."""

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bavn.actor.door.books import books_of
from bavn.actor.protect.state import State
from bavn.app.centre.parts import init, open_desk, open_registry
from bavn.app.config.load import read_centre
from bavn.app.process.failure_folder import failures_in
from bavn.app.process.problem import Problem
from bavn.app.process.real import SystemClock
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.centre import centre_handover, telling
from bavn.app.siem.centre_events import Acts, Alarms, Leads
from bavn.app.siem.node_events import Blocks, LedgerLines, Problems, Sightings, Suspicions
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.centre.desk.alarms import EVERY_US, Wrong
from bavn.centre.desk.lead_facts import facts_of
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.sector.case import CaseAct
from bavn.model.sector.verdict import NO_VERDICTS
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.ledger import Note
from tests.app.siem.made import INDICATOR, NOW_US, suspicion
from tests.app.test_cli_leads import NOW_US as REPORTED_US
from tests.app.test_cli_leads import report
from tests.app.waiting import until

ITEM = """INSERT OR REPLACE INTO protect_item
    VALUES (?, 1, 'domain', ?, 'block', ?, '', '', ?, ?, 0, '', '', '', ?, 'b')"""


@pytest.fixture
def node(tmp_path):
    with Book(tmp_path / "book.db") as book:
        books = books_of(book)
        State(book)
        clock = SimpleNamespace(at_us=NOW_US)
        clock.now_us = lambda: clock.at_us
        yield SimpleNamespace(book=book, books=books, mark=Bookmark(book), clock=clock)


def told(stream, limit=100):
    """What it tells now, and takes as told."""
    events = stream.events(limit)
    if events:
        stream.settle(events)
    return events


def test_a_suspicion_is_told_once_when_it_first_stands_above_the_line(node) -> None:
    def stream(every=False):
        return Suspicions(node.mark, lambda: NO_VERDICTS, every=every)

    some = [suspicion(n, nats=4.0 - n / 10) for n in range(8)]
    node.books.known.replace(some[:5], NOW_US, hosts=100)
    first = stream()
    assert [event.facts["evidence_nats"] for event in sorted(told(first), key=lambda one: -one.severity)]
    assert told(first) == []
    assert told(stream()) == []  # after a restart
    assert len(node.mark.settled("suspicion")) == 3  # the line of 100 hosts
    node.books.known.replace(some[2:], NOW_US + MINUTE_US, hosts=100)  # two are gone, and what came next rises
    rising = told(first)
    assert [event.reason for event in rising] == [one.why for one in some[3:5]]
    node.books.known.replace(some, NOW_US + 2 * MINUTE_US, hosts=100)
    assert {event.id for event in told(stream(every=True))} >= {event.id for event in told(first)}


def test_blocks_are_told_as_they_are_set_lifted_and_refused(node) -> None:
    stream = Blocks(node.mark, node.clock)
    assert told(stream) == []

    def stands(standing, decided_us, forced_us=None, value="evil.example"):
        with node.book.transaction() as tx:
            tx.execute(ITEM, (INDICATOR, value, standing, NOW_US + DAY_US, decided_us, forced_us))

    stands("wanted", NOW_US + 1)
    assert told(stream) == []  # it is not in force yet
    stands("wanted", NOW_US + 1, NOW_US + 2)
    (event,) = told(stream)
    assert (event.action, event.indicator, event.outcome) == ("block-set", INDICATOR, "success")
    assert told(Blocks(node.mark, node.clock)) == []
    stands("lifted", NOW_US + 40 * DAY_US)  # the receiver was away for weeks
    assert [one.action for one in told(stream)] == ["block-lifted"]
    stands("refused", NOW_US + 41 * DAY_US)
    assert [one.action for one in told(stream)] == ["block-refused"]
    assert told(Blocks(node.mark, node.clock)) == []


def test_a_block_that_was_written_down_late_is_told_all_the_same(node) -> None:
    stream = Blocks(node.mark, node.clock)
    late, early = "indicator--1", "indicator--2"
    with node.book.transaction() as tx:
        tx.execute(ITEM, (early, "b.example", "refused", NOW_US + DAY_US, NOW_US + HOUR_US, None))
    assert len(told(stream)) == 1
    with node.book.transaction() as tx:
        tx.execute(ITEM, (late, "a.example", "refused", NOW_US + DAY_US, NOW_US + HOUR_US - MINUTE_US, None))
    assert [one.indicator for one in told(stream)] == [late]


def test_a_sighting_is_told_at_once_and_then_each_hour(node) -> None:
    stream = Sightings(node.mark, node.clock)
    with node.book.transaction() as tx:
        tx.execute(ITEM, (INDICATOR, "evil.example", "wanted", NOW_US + DAY_US, NOW_US, NOW_US))

    def met(kind, count, last_us):
        with node.book.transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO protect_met VALUES (?, ?, ?, ?, ?, 0, NULL)",
                (INDICATOR, kind, count, last_us, last_us),
            )

    met("blocked", 1, NOW_US)
    (event,) = told(stream)
    assert (event.action, event.count, event.observables[0].value) == ("met-blocked", 1, "evil.example")
    met("blocked", 9, NOW_US + MINUTE_US)
    assert told(stream) == []
    met("blocked", 20, NOW_US + HOUR_US)
    assert [one.count for one in told(stream)] == [20]
    met("retro", 0, None)
    assert told(stream) == []
    met("retro", 3, NOW_US - 20 * DAY_US)  # own history, weeks ago
    assert [one.action for one in told(Sightings(node.mark, node.clock))] == ["met-retro"]
    assert told(stream) == []


def test_each_line_of_the_ledger_is_told_once_from_the_first_start_on(node) -> None:
    ledger = node.books.ledger

    def append(refused=None):
        ledger.append(NOW_US, "1", "out", Note(kind="Report", item_id="ab" * 32, peer="centre"), refused)

    append()
    stream = LedgerLines(node.mark, ledger)
    assert told(stream) == []
    append()
    append(Refused("budget", "no budget is left"))
    passed, refused = told(stream)
    assert (passed.outcome, refused.outcome, refused.rule) == ("success", "failure", "budget")
    assert refused.reason.en == "no budget is left"
    append()
    assert [one.facts["line"] for one in told(LedgerLines(node.mark, ledger))] == [4]


def test_a_problem_is_told_when_it_begins_and_when_it_is_over_and_one_that_came_and_went_meanwhile_whole(node) -> None:
    standing: list | None = None

    def stream():
        return Problems(node.mark, node.clock, lambda: standing)

    assert told(stream()) == []  # nobody has looked yet
    problem = Problem(code="silent", source="eve", text=Text.plain("eve gives nothing"))
    standing = [problem]
    untold = stream().events(10)
    node.clock.at_us += MINUTE_US
    (begun,) = told(stream())  # killed before it was noted: the same id, the same moment
    assert (begun.id, begun.at_us) == (untold[0].id, untold[0].at_us)
    assert told(stream()) == []
    standing = []
    (over,) = told(stream())
    assert (over.action, over.first_us) == ("problem-ended", begun.at_us)
    assert told(stream()) == []
    assert node.book.rows("SELECT * FROM siem_problem") == []
    assert node.mark.settled("health") == frozenset()
    standing = [Problem(code="silent", source="eve", text=Text.plain("eve gives nothing"))]
    stream = Problems(node.mark, node.clock, lambda: standing)
    stream.events(10)
    standing.clear()
    node.clock.at_us += MINUTE_US
    assert [one.action for one in told(stream)] == ["problem-begun", "problem-ended"]
    assert told(stream) == []


SECRET = "the patient's name is on the screen"
ALL = ("case", "release", "audit")


@pytest.fixture
def centre(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text(f'[siem]\nto = "file"\nevents_file = "{tmp_path}/bavn.ndjson"\n[centre]\nsector = "health"\n')
    given = read_centre(file)
    init(given)
    desk = open_desk(given, open_registry(given))
    with Book(tmp_path / "book.db") as book:
        yield given, desk, book
    desk.engine.dispose()


def lead(desk):
    desk.lead_book.keep(correlate([report("north"), report("south")], Context(now_us=REPORTED_US), {}), {}, REPORTED_US)
    return desk.lead_book.leads(1)[0]


def test_leads_acts_and_alarms_are_told_once_by_whom_and_on_what_and_never_what_was_written(centre) -> None:
    _, desk, book = centre
    stream = Leads(Bookmark(book), desk.engine)
    assert told(stream) == []
    view = lead(desk)
    (event,) = told(stream)
    assert event.facts["actors"] == ("north", "south")
    assert event.facts["lead"] == view.lead.id
    assert event.observables == view.lead.observables
    assert told(Leads(Bookmark(book), desk.engine)) == []
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
        file = tmp_path / "bavn.ndjson"
        until(file.exists)
        assert wrong is not None
        assert wrong().wrong == ()
    assert not [one for one in threading.enumerate() if one.name == "siem"]
    (event,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert event["bavn"]["lead"] == view.lead.id
    assert event["organization"]["name"] == "health"
