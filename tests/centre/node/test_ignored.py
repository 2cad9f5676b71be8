"""A lead put aside waits for nobody until its day, comes back by itself, and at once where an actor more reports it."""

import pytest
from sqlalchemy import select

from bavn.centre.books import tables as t
from bavn.centre.books.ignored import DAYS_MAX, Ignored
from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.cases.tables import AUDIT, reading
from bavn.centre.cases.tables import make_tables as make_case_tables
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.correlate.run import Ranked
from bavn.centre.correlate.score import Weighed
from bavn.centre.desk.lead_pages import LeadAsk, lead_page
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.lead import Lead, Sign
from bavn.rehearsal.clock import SimClock

NOW_US = 1_800_000_000_000_000
ELEMENT = Observable.of("domain", "bad.example.org")


def ranked(*actors):
    signs = tuple(
        Sign(
            report_id=f"{at:064x}",
            actor=actor,
            group=actor,
            tier="A",
            round_id="0" * 32,
            observable=ELEMENT,
            detector="beacon",
            technique="T1071.001",
            p_bucket=9,
            hosts_bucket=0,
            first_hour=1,
            last_hour=3,
            period_bucket=None,
            regularity_bucket=None,
            walk_half_nats=None,
            received_us=NOW_US,
        )
        for at, actor in enumerate(actors)
    )
    weighed = Weighed(
        observable=ELEMENT, signs=signs, groups=len(actors), score=9.0, terms=(), listed=False, seen_hour=1
    )
    lead = Lead(
        id="lead-1",
        rank=1,
        score=9.0,
        observables=(ELEMENT,),
        actors=actors,
        signs=signs,
        terms=(),
        without=(),
        first_hour=1,
        last_hour=3,
    )
    return Ranked(lead, (weighed,), ())


@pytest.fixture
def put(databases):
    engine = databases.new()
    t.make_missing(engine, t.METADATA)
    make_case_tables(engine)
    clock = SimClock(NOW_US)
    book = SqlLeadBook(engine)
    book.keep([ranked("clinic-a", "clinic-b")], {}, clock.now_us())
    yield engine, clock, book, Ignored(engine, clock)
    databases.free(engine)


def stands(engine, clock, how):
    lines, total = lead_page(engine, LeadAsk(stands=how), 5, clock.now_us())
    assert len(lines) == total
    return [line.view.lead.id for line in lines]


def test_it_waits_for_nobody_until_its_day_and_is_back_then_by_itself(put) -> None:
    engine, clock, book, ignored = put
    lead = book.lead("lead-1").lead
    made = ignored.ignore(lead, 14, account("Anna Berg"), "a supplier's test until mid-December")
    assert made.until_us == NOW_US + 14 * DAY_US
    assert (stands(engine, clock, "waiting"), stands(engine, clock, "ignored")) == ([], ["lead-1"])
    assert stands(engine, clock, "") == ["lead-1"]
    clock.advance(14 * DAY_US - 1)
    assert stands(engine, clock, "waiting") == []
    clock.advance(1)
    assert (stands(engine, clock, "waiting"), stands(engine, clock, "ignored")) == (["lead-1"], [])
    assert ignored.of("lead-1") is None


def test_an_actor_more_brings_it_back_at_once_and_a_new_ranking_alone_does_not(put) -> None:
    engine, clock, book, ignored = put
    ignored.ignore(book.lead("lead-1").lead, 30, account("Anna Berg"), "known")
    book.keep([ranked("clinic-a", "clinic-b")], {}, clock.now_us())
    assert stands(engine, clock, "ignored") == ["lead-1"]
    book.keep([ranked("clinic-a", "clinic-b", "region-c")], {}, clock.now_us())
    assert stands(engine, clock, "waiting") == ["lead-1"]
    with reading(engine) as connection:
        acts = [(row.who, row.act) for row in connection.execute(select(AUDIT).order_by(AUDIT.c.seq))]
    assert acts == [(account("Anna Berg"), "lead-ignored"), ("centre", "lead-heeded")]


def test_it_is_taken_back_by_a_person_and_only_a_person_puts_it_aside_with_a_reason_and_an_end(put) -> None:
    engine, clock, book, ignored = put
    lead = book.lead("lead-1").lead
    ignored.ignore(lead, 1, account("Anna Berg"), "known")
    ignored.ignore(lead, DAYS_MAX, account("Bo Lund"), "known for longer")
    assert ignored.of("lead-1").by == account("Bo Lund")
    assert ignored.heed("lead-1", account("Anna Berg"))
    assert not ignored.heed("lead-1", account("Anna Berg"))
    assert stands(engine, clock, "waiting") == ["lead-1"]
    for days, why in ((0, "x"), (DAYS_MAX + 1, "x"), (1, " "), (1, "x" * 501), (1, "a\x00")):
        with pytest.raises(ValueError, match=r"days|reason"):
            ignored.ignore(lead, days, account("Anna Berg"), why)
    with pytest.raises(NotAllowed):
        ignored.ignore(lead, 1, "centre", "known")
    assert stands(engine, clock, "ignored") == []
