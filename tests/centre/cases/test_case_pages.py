"""Cases by the page on both databases: none twice, none left out, and what is owed in each."""

import pytest

from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.pages import CaseAsk, case_counts, case_page, owners
from bavn.centre.cases.case.work import Work
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.model.sector.work import TaskAct
from bavn.rehearsal.clock import SimClock
from tests.builders import lead_facts

NOW_US = 20_000 * DAY_US


@pytest.fixture
def world(databases):
    engine, clock = databases.new(), SimClock(NOW_US)
    cases, work = Cases(engine, clock), Work(engine, clock)
    for number in range(7):
        name = Observable.of("domain", f"evil-{number}.example.com")
        facts = lead_facts(ElementFacts(name, 9.0, 2, False), lead_id=f"lead-{number:016x}", actors=2)
        cases.open(facts)
        work.involved.reported(facts.lead_id, [("north", name, "T1071")])
        if number % 3 == 0:
            clock.advance(HOUR_US)
    yield engine, clock, cases, work
    databases.free(engine)


def test_pages_meet_also_where_cases_were_opened_at_one_moment(world) -> None:
    engine, clock, _, _ = world
    seen, after = [], None
    while lines := case_page(engine, CaseAsk(), 2, clock.now_us(), after):
        seen += [line.case.id for line in lines]
        after = (lines[-1].case.opened_us, lines[-1].case.id)
    assert len(seen) == len(set(seen)) == 7
    opened = [next(c.opened_us for c in world[2].every() if c.id == one) for one in seen]
    assert opened == sorted(opened, reverse=True)


def test_cases_are_found_by_state_owner_actor_and_words_and_a_wildcard_is_a_letter(world) -> None:
    engine, clock, cases, work = world
    cases.act("case-0000000000000003", CaseAct.TAKE, account("Anna Berg"), "")
    work.involved.add("case-0000000000000003", "south", account("Anna Berg"), "they asked")

    def ids(**ask):
        return [line.case.id[-1] for line in case_page(engine, CaseAsk(**ask), 10, clock.now_us())]

    assert ids(owner=account("Anna Berg")) == ids(states=(CaseState.TRIAGE,)) == ids(actor="south") == ["3"]
    assert ids(words="EVIL-5.ex") == ["5"]
    assert ids(words="evil%") == ids(words="evil_5") == []
    assert case_counts(engine, CaseAsk()) == {CaseState.NEW: 6, CaseState.TRIAGE: 1}
    assert owners(engine) == (account("Anna Berg"),)


def test_what_is_owed_and_what_is_too_late_is_counted(world) -> None:
    engine, clock, _, work = world
    (task, _) = work.ask("case-0000000000000006", ["north", "south"], "task", "Look", account("Anna Berg"))

    def line():
        (found,) = case_page(engine, CaseAsk(words="evil-6"), 5, clock.now_us())
        return found.actors, found.owed, found.overdue

    assert line() == (2, 2, 0)
    clock.advance(work.settings.acknowledge_hours * HOUR_US + 1)
    assert line() == (2, 2, 2)
    work.change_task(task.id, TaskAct.CANCEL, account("Anna Berg"), "no need")
    assert line() == (2, 1, 1)
