"""NIS2 at the centre: noted once, changed only with a reason, in the audit log; drafts that name nobody else."""

from zoneinfo import ZoneInfo

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.case.cases import Cases, UnknownCase
from bavn.centre.cases.nis2.clocks import Flags, Nis2Book
from bavn.centre.cases.nis2.draft import DraftFacts, draft, gaps
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct
from bavn.model.sector.nis2 import REPORTS, DueState, Nis2Act, OutOfOrder
from tests.builders import lead_facts

NOW_US = 20_000 * DAY_US
HERE = ZoneInfo("Europe/Copenhagen")
EVIL = Observable.of("domain", "evil.example.com")


@pytest.fixture
def case(engine, clock):
    return Cases(engine, clock).open(lead_facts(ElementFacts(EVIL, 9.0, 3, listed=False)))


@pytest.fixture
def book(engine, clock, case):
    return Nis2Book(engine, clock, HERE)


def test_two_actors_of_one_case_have_clocks_of_their_own(book, clock, case) -> None:
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - 2 * HOUR_US, account("Anna Berg"))
    book.note(case.id, "klinik-syd", Nis2Act.AWARE, NOW_US - HOUR_US, account("Anna Berg"))
    clock.advance(23 * HOUR_US)
    first, second = book.views()
    assert (first.actor, first.overdue, first.next_us) == ("region-nord", True, NOW_US + 22 * HOUR_US)
    assert first.next_report is Nis2Act.EARLY_WARNING
    assert (second.actor, second.overdue, second.next_us) == ("klinik-syd", False, NOW_US + 23 * HOUR_US)


def test_what_was_noted_changes_only_with_a_reason_and_both_stand_in_the_log(book, engine, case) -> None:
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - 2 * HOUR_US, account("Anna Berg"))
    with pytest.raises(OutOfOrder):
        book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - HOUR_US, account("Anna Berg"))
    with pytest.raises(ValueError, match="reason"):
        book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - HOUR_US, account("Anna Berg"), correct=True)
    made = book.note(
        case.id,
        "region-nord",
        Nis2Act.AWARE,
        NOW_US - HOUR_US,
        account("Bo Lund"),
        correct=True,
        why="read the log again",
    )
    assert made.happened[Nis2Act.AWARE] == NOW_US - HOUR_US
    said = [(line.who, line.act) for line in audit.lines(engine, subject=case.id, limit=10)]
    assert said[1:] == [(account("Anna Berg"), "nis2-aware"), (account("Bo Lund"), "nis2-aware")]
    assert str(NOW_US - 2 * HOUR_US) in audit.lines(engine, subject=case.id, limit=10)[-1].detail
    assert audit.verify(engine) is None


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"case_id": "case-9"}, UnknownCase),
        ({"actor": "Region Nord"}, ValueError),
        ({"user": "centre"}, NotAllowed),
        ({"act": Nis2Act.FINAL}, OutOfOrder),
        ({"at_us": NOW_US + 1}, OutOfOrder),
        ({"act": Nis2Act.NOT_SIGNIFICANT}, ValueError),
        ({"correct": True, "why": "x" * 2001}, ValueError),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(book, engine, case, words, error) -> None:
    asked = {
        "case_id": case.id,
        "actor": "region-nord",
        "act": Nis2Act.AWARE,
        "at_us": NOW_US,
        "user": account("anna"),
    } | words
    with pytest.raises(error):
        book.note(**asked)
    assert book.views() == ()
    assert [line.act for line in audit.lines(engine, limit=10)] == ["open"]


def test_found_not_significant_ends_the_clocks(book, case) -> None:
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - 30 * HOUR_US, account("anna"))
    made = book.note(case.id, "region-nord", Nis2Act.NOT_SIGNIFICANT, NOW_US, account("anna"), why="one test server")
    assert (made.dues, made.running, made.next_us, made.next_report) == ((), False, None, None)


def test_a_draft_says_what_the_sector_knows_and_leaves_gaps_for_the_rest(book, engine, clock, case) -> None:
    cases = Cases(engine, clock)
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - HOUR_US, account("anna"), flags=Flags(cross_border="yes"))
    asked = {
        report: DraftFacts(
            case=case,
            view=book.view(case.id, "region-nord"),
            zone=HERE,
            functions=("laboratory",),
            suppliers=("acme",),
            blocked=(("domain:evil.example.com", NOW_US),),
        )
        for report in REPORTS
    }
    said = {report: "\n".join(line.en for line in draft(report, facts)) for report, facts in asked.items()}
    assert "not confirmed" in said[Nis2Act.EARLY_WARNING]
    assert "cross-border impact: Yes." in said[Nis2Act.EARLY_WARNING]
    assert "evil.example.com" not in said[Nis2Act.EARLY_WARNING]
    assert "domain:evil.example.com" in said[Nis2Act.NOTIFICATION]
    assert "laboratory" in said[Nis2Act.NOTIFICATION]
    assert "Suppliers that we depend on: acme; involved: [[which, or none]]" in said[Nis2Act.NOTIFICATION]
    assert "blocked at us since 2024-10-04 02:00 CEST" in said[Nis2Act.FINAL]
    assert gaps(draft(Nis2Act.FINAL, asked[Nis2Act.FINAL])) == 7
    confirmed = cases.act(case.id, CaseAct.CONFIRM, account("anna"), "three actors")
    facts = DraftFacts(case=confirmed, view=book.view(case.id, "region-nord"), zone=HERE)
    danish = "\n".join(line.da for line in draft(Nis2Act.NOTIFICATION, facts))
    assert "Ja: bekræftet" in danish
    assert "Kritiske funktioner, vi leverer: [[hvilke]]" in danish
    with pytest.raises(ValueError, match="no report"):
        draft(Nis2Act.HANDLED, facts)


def test_a_draft_names_no_other_actor(book, case) -> None:
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - HOUR_US, account("anna"))
    book.note(case.id, "klinik-syd", Nis2Act.AWARE, NOW_US - HOUR_US, account("anna"))
    for report in REPORTS:
        facts = DraftFacts(case=case, view=book.view(case.id, "region-nord"), zone=HERE)
        assert not any("klinik" in line.en + line.da for line in draft(report, facts))


def test_a_report_that_was_sent_in_time_is_no_longer_waited_for(book, case) -> None:
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - 3 * HOUR_US, account("anna"))
    made = book.note(case.id, "region-nord", Nis2Act.EARLY_WARNING, NOW_US, account("anna"))
    assert [due.state for due in made.dues] == [DueState.SENT, DueState.WAITING, DueState.LATER]
    assert made.next_us == NOW_US + 69 * HOUR_US


def test_critical_functions_touched_are_kept_audited_and_in_the_draft(book, engine, case) -> None:
    flags = Flags(cross_border="no", touched=("laboratory",))
    book.note(case.id, "region-nord", Nis2Act.AWARE, NOW_US - HOUR_US, account("anna"), flags=flags)
    view = book.view(case.id, "region-nord")
    assert view.flags == flags
    facts = DraftFacts(
        case=case, view=view, zone=HERE, functions=("laboratory", "surgery"), done=(("Reset the accounts", NOW_US),)
    )
    said = draft(Nis2Act.FINAL, facts)
    assert any(line.en == "- Of these, touched by the incident: laboratory" for line in said)
    assert any(line.da == "- Heraf berørt af hændelsen: laboratorium" for line in said)
    assert any(line.en.startswith("- Reset the accounts (done ") for line in said)
    with pytest.raises(ValueError, match="no critical function"):
        book.note(case.id, "region-syd", Nis2Act.AWARE, NOW_US, account("anna"), flags=Flags(touched=("canteen",)))
    assert book.view(case.id, "region-syd").happened == {}
