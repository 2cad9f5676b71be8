"""Long lists come by the page: pages meet without gap or repeat, filters hold, the audit chain is walked in pieces."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bavn.centre.cases import audit
from bavn.centre.cases.audit_pages import WantedLines, acts_and_people, check_chain, found_lines
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.indicators.pages import IndicatorFilter, indicators_page
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.policies import Policies
from bavn.centre.cases.tables import AUDIT, GENESIS, make_tables
from bavn.centre.store.engine import open_engine, writing
from bavn.model.observable import Observable, ObservableType
from bavn.model.principal import account
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.rehearsal.clock import SimClock
from tests.app.web.counting import planned


@pytest.fixture
def engine(databases):
    made = databases.new()
    make_tables(made)
    yield made
    made.dispose()


@pytest.fixture
def book(engine):
    return Indicators(engine, SimClock(1_000_000_000_000_000), IndicatorSettings())


def fill(book, count=11):
    """Several at one moment, so that pages end between equals."""
    for number in range(count):
        if number % 4 == 0:
            book.clock.advance(1_000_000)
        named = f"host-{number}.evil-{number % 3}.com" if number % 2 else f"185.32.20.{number}"
        kind = "domain" if number % 2 else "ip4"
        book.draft(Observable.of(kind, named), account("Anna Berg"), "seen", technique="T1071.001")


def all_pages(engine, wanted, limit):
    found, after = [], None
    while page := indicators_page(engine, wanted, limit, after):
        found += page
        after = (page[-1].drafted_us, page[-1].id)
    return found


def test_pages_of_indicators_meet_in_the_order_of_one_page(engine, book) -> None:
    fill(book)
    whole = list(indicators_page(engine, IndicatorFilter(), 100))
    assert len({life.id for life in whole}) == len(whole) == 11
    assert [life.drafted_us for life in whole] == sorted((life.drafted_us for life in whole), reverse=True)
    for limit in (1, 2, 3, 5):
        assert all_pages(engine, IndicatorFilter(), limit) == whole


def test_filters_are_those_of_the_whole_list(engine, book) -> None:
    fill(book)
    whole = indicators_page(engine, IndicatorFilter(), 100)
    book.act(whole[3].id, LifeAct.REVIEW, account("Anna Berg"), "ready")
    reviewed = indicators_page(engine, IndicatorFilter(state=LifeState.REVIEW), 100)
    assert [life.id for life in reviewed] == [whole[3].id]
    names = indicators_page(engine, IndicatorFilter(kind=ObservableType.DOMAIN), 100)
    assert {life.observable.type for life in names} == {ObservableType.DOMAIN}
    assert len(names) == 5
    assert {life.observable.value for life in indicators_page(engine, IndicatorFilter(words="EVIL-1[.]com"), 100)} == {
        "host-1.evil-1.com",
        "host-7.evil-1.com",
    }
    assert indicators_page(engine, IndicatorFilter(words=whole[0].id[:20]), 100) == (whole[0],)
    assert indicators_page(engine, IndicatorFilter(case_id=whole[5].case_id), 100) == (book.get(whole[5].id),)
    book.found_wrong(whole[7].id, account("Bo Lund"), "a shop")
    assert [life.id for life in indicators_page(engine, IndicatorFilter(judged=True), 100)] == [whole[7].id]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=60))
def test_any_words_find_those_that_hold_them_and_never_break(engine, book, words) -> None:
    if not indicators_page(engine, IndicatorFilter(), 1):
        fill(book, 5)
    words = words.replace("\0", "")
    plain = words.strip().lower().replace("[.]", ".").replace("(.)", ".").replace("[:]", ":")
    found = {life.observable.value for life in indicators_page(engine, IndicatorFilter(words=words), 100)}
    if not words.strip().startswith("indicator--"):
        whole = {life.observable.value for life in indicators_page(engine, IndicatorFilter(), 100)}
        assert found == {value for value in whole if plain in value}


def test_worth_of_a_page_and_producers_that_were_judged_are_those_of_the_whole(engine, book) -> None:
    fill(book)
    upkeep = Upkeep(book, Policies(engine, book.clock))
    lives = indicators_page(engine, IndicatorFilter(), 100)
    book.found_wrong(lives[2].id, account("Bo Lund"), "a shop")
    now_us = book.clock.now_us()
    assert upkeep.statuses(lives[2:4], now_us) == upkeep.statuses(lives, now_us)[2:4]
    assert upkeep.judged() == ()  # nothing of it was released
    assert upkeep.producers() == ()


def note(engine, count, who="Anna Berg", act="comment"):
    with writing(engine) as tx:
        for number in range(count):
            audit.note(tx, 1000 + number, who, act, f"case-{number % 3}", {"why": f"number {number}"})


def test_a_search_of_the_log_goes_backwards_and_says_where_it_came_to(engine, monkeypatch) -> None:
    note(engine, 9)
    note(engine, 4, account("Bo Lund"), "dismiss")
    first = found_lines(engine, WantedLines(), 5)
    assert [line.seq for line in first.lines] == [13, 12, 11, 10, 9]
    assert first.next_seq == 9
    last = found_lines(engine, WantedLines(), 8, first.next_seq)
    assert ([line.seq for line in last.lines], last.next_seq) == ([8, 7, 6, 5, 4, 3, 2, 1], None)
    assert {line.act for line in found_lines(engine, WantedLines(who=account("Bo Lund")), 50).lines} == {"dismiss"}
    assert [line.seq for line in found_lines(engine, WantedLines(act="comment", subject="case-1"), 50).lines] == [
        8,
        5,
        2,
    ]
    assert [line.seq for line in found_lines(engine, WantedLines(since_us=1002, until_us=1004), 50).lines] == [4, 3]
    assert found_lines(engine, WantedLines(since_us=10**9), 50).lines == ()
    monkeypatch.setattr("bavn.centre.cases.audit_pages.LOOKED_AT_MAX", 4)
    seen, below = [], None
    while True:
        found = found_lines(engine, WantedLines(words="NUMBER 7"), 50, below)
        seen += [line.seq for line in found.lines]
        if found.next_seq is None:
            break
        assert below is None or found.next_seq < below
        below = found.next_seq
    assert seen == [8]
    assert acts_and_people(engine) == (("comment", "dismiss"), (account("Anna Berg"), account("Bo Lund")))


def test_the_chain_is_walked_in_pieces_and_breaks_where_it_was_changed(engine) -> None:
    note(engine, 10)
    seq, said, steps = 0, GENESIS, 0
    while seq < 10:
        found = check_chain(engine, seq, said, 3)
        assert found.bad is None
        seq, said, steps = found.to_seq, found.to_hash, steps + 1
    assert steps == 4
    with writing(engine) as tx:
        tx.execute(update(AUDIT).where(AUDIT.c.seq == 5).values(who=account("Bo Lund")))
    bad = check_chain(engine).bad
    assert (bad.seq, bad.reason) == (5, "was changed after it was written")
    assert audit.verify(engine) == bad
    with writing(engine) as tx:
        tx.execute(AUDIT.delete().where(AUDIT.c.seq >= 5))
    assert check_chain(engine).bad.reason == "lines after this one are missing"


@pytest.mark.parametrize(
    ("wanted", "begins"),
    [
        (IndicatorFilter(state=LifeState.RELEASED), "case_indicator_of_state (state=?)"),
        (IndicatorFilter(case_id="case-1"), "case_indicator_case (case_id=?)"),
    ],
)
def test_the_newest_of_one_state_or_case_lie_together_in_an_index(wanted, begins) -> None:
    """Nothing is sorted: of a million of one state a page costs what a page of ten does."""
    engine = open_engine("sqlite://")
    make_tables(engine)
    Indicators(engine, SimClock(1_000_000_000_000_000), IndicatorSettings())
    with planned(engine, "LIMIT") as plans:
        indicators_page(engine, wanted, 50)
    engine.dispose()
    assert plans == [f"SEARCH case_indicator USING COVERING INDEX {begins}"]
