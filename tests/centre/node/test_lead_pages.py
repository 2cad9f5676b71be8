"""The number of leads that a page says is the number that it would show, whatever is asked."""

import itertools

import pytest
from sqlalchemy import insert

from bavn.centre.books import tables as t
from bavn.centre.cases.tables import CASE, writing
from bavn.centre.cases.tables import make_tables as make_case_tables
from bavn.centre.desk.lead_pages import LeadAsk, lead_page
from bavn.model.moment import DAY_US
from bavn.model.observable import ObservableType
from bavn.model.sector.case import CaseState
from tests.app.web.drawn_sector import many_leads

NOW_US = 1_800_000_000_000_000
STANDS = ("", "waiting", "worked", "over", "ignored")


@pytest.fixture
def engine(databases):
    """Thirty leads: each second has a case, in every state by turns, each fifth is put aside, some of them until long
    ago; five more are gone from the queue, with cases and without."""
    engine = databases.new()
    t.make_missing(engine, t.METADATA)
    make_case_tables(engine)
    many_leads(engine, 30, NOW_US)
    states = itertools.cycle(CaseState)
    with writing(engine) as connection:
        for at in range(1, 31):
            lead_id = f"lead-{at:016x}"
            if at % 2:
                connection.execute(
                    insert(CASE).values(
                        id=f"case-{at:016x}",
                        lead_id=lead_id,
                        state=next(states).value,
                        score=1.0,
                        owner="",
                        opened_us=1,
                        facts="{}",
                        terms="{}",
                        clocks="{}",
                        wanted=False,
                        order_no=0,
                        done_no=0,
                    )
                )
            if not at % 5:
                connection.execute(
                    insert(t.LEAD_IGNORED).values(
                        lead_id=lead_id,
                        until_us=NOW_US + (DAY_US if at % 10 else -DAY_US),
                        actors=3,
                        by_user="anna",
                        why="known",
                        at_us=1,
                    )
                )
        connection.execute(t.LEADS.update().where(t.LEADS.c.lead_rank > 25).values(alive=False))
    yield engine
    databases.free(engine)


@pytest.mark.parametrize("stands", STANDS)
@pytest.mark.parametrize("alive", [True, False])
def test_as_many_are_counted_as_are_shown(engine, stands, alive) -> None:
    asks = [
        LeadAsk(stands=stands, alive=alive),
        LeadAsk(stands=stands, alive=alive, words="host-1"),
        LeadAsk(stands=stands, alive=alive, type=ObservableType.IP4),
        LeadAsk(stands=stands, alive=alive, words="host-2", type=ObservableType.DOMAIN),
    ]
    for ask in asks:
        lines, total = lead_page(engine, ask, 100, NOW_US)
        assert total == len(lines)


def test_what_waits_is_worked_on_over_or_aside_is_all_of_it(engine) -> None:
    found = {stands: lead_page(engine, LeadAsk(stands=stands), 100, NOW_US)[1] for stands in STANDS}
    assert found[""] == 25
    assert min(found[one] for one in STANDS) > 0
    both = {
        line.view.lead.id
        for one in ("worked", "over")
        for line in lead_page(engine, LeadAsk(stands=one), 100, NOW_US)[0]
    }
    aside = {line.view.lead.id for line in lead_page(engine, LeadAsk(stands="ignored"), 100, NOW_US)[0]}
    assert found["waiting"] == 25 - len(both | aside)
