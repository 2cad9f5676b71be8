"""Documents and judgements as they are kept, on both databases: the life-cycle, two people, versions, the audit log."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.desk.partnership import audited_by, audited_by_centre
from bavn.centre.publish.build import build
from bavn.centre.publish.document import Kind
from bavn.centre.publish.edit import Change
from bavn.centre.publish.editions import ChangedMeanwhile, Editions, NotYours, UnknownEdition
from bavn.centre.publish.judgements import Judgements
from bavn.centre.publish.life import LIFE_CYCLE, EditionAct, EditionState, NoSuchAct, after
from bavn.centre.publish.threat import Level, Threat
from bavn.model.principal import account
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock

CHANGE = Change(place="overview/1", text=Text.written("Said by a person.", da="Sagt af en person."))
A = EditionAct


@pytest.fixture
def opened(databases):
    engines = []

    def made(*publishers):
        engine = databases.new()
        engines.append(engine)
        make_tables(engine)
        clock = SimClock(1_800_000_000_000_000)
        return Editions(engine, clock, audited_by(clock), audited_by_centre(clock), publishers), engine, clock

    yield made
    for engine in engines:
        databases.free(engine)


@pytest.fixture
def brief(facts):
    return build(Kind.BRIEF, facts(Kind.BRIEF))


def test_from_draft_to_archive_and_every_step_is_on_record(opened, brief) -> None:
    editions, engine, _ = opened(account("Anna Berg"), account("Bo Lund"))
    made = editions.draft(brief)
    assert (made.id, made.state, made.version, made.edited_by) == ("brief-2026-09", EditionState.DRAFT, 1, "centre")
    made = editions.edit(made.id, CHANGE, account("Anna Berg"), "clearer", seen=1)
    assert (made.state, made.version, made.edited_by) == (EditionState.EDITED, 2, account("Anna Berg"))
    made = editions.act(made.id, A.APPROVE, account("Bo Lund"), seen=2)
    assert (made.state, made.approved_by) == (EditionState.APPROVED, account("Bo Lund"))
    made = editions.act(made.id, A.PUBLISH, account("Anna Berg"))
    assert made.published_us == 1_800_000_000_000_000
    assert editions.act(made.id, A.ARCHIVE, account("Anna Berg")).state is EditionState.ARCHIVED
    assert [one.by for one in editions.versions(made.id)] == ["centre", account("Anna Berg")]
    assert editions.document(made.id, 1) == brief
    assert editions.document(made.id) != brief
    lines = audit.lines(engine, subject=made.id)
    assert [(line.who, line.act) for line in lines] == [
        ("centre", "publish-draft"),
        (account("Anna Berg"), "publish-edit"),
        (account("Bo Lund"), "publish-approve"),
        (account("Anna Berg"), "publish-publish"),
        (account("Anna Berg"), "publish-archive"),
    ]
    digests = [one.digest for one in editions.versions(made.id)]
    assert [json.loads(line.detail)["digest"] for line in lines] == [digests[0], *[digests[1]] * 4]
    assert audit.verify(engine) is None


def test_who_edited_last_does_not_approve_where_there_are_two(opened, brief) -> None:
    for publishers in ((), (account("Anna Berg"), account("Bo Lund"))):
        editions, _, _ = opened(*publishers)
        made = editions.edit(editions.draft(brief).id, CHANGE, account("Anna Berg"), "clearer")
        with pytest.raises(NotYours, match="another person"):
            editions.act(made.id, A.APPROVE, account("anna berg"))
        assert editions.act(made.id, A.APPROVE, account("Bo Lund")).approved_by == account("Bo Lund")
    for names in ((), ("Dorte Holm",), (account("Anna Berg"), "Dorte Holm")):
        editions, _, _ = opened(*names)
        made = editions.edit(editions.draft(brief).id, CHANGE, account("Anna Berg"), "clearer")
        with pytest.raises(NotYours, match="edited it last"):
            editions.act(made.id, A.APPROVE, account("anna berg"), by_role=True)
        assert editions.act(made.id, A.APPROVE, account("Bo Lund"), by_role=True).approved_by == account("Bo Lund")


def test_a_publisher_alone_may_approve_what_was_read_until_the_next_edit(opened, brief) -> None:
    editions, _, _ = opened(account("Anna Berg"))
    made = editions.edit(editions.draft(brief).id, CHANGE, account("Anna Berg"), "clearer")
    with pytest.raises(NotYours, match="no publisher"):
        editions.act(made.id, A.APPROVE, account("Bo Lund"))
    assert editions.act(made.id, A.APPROVE, account("Anna Berg")).state is EditionState.APPROVED
    editions, _, _ = opened()
    made = editions.edit(editions.draft(brief).id, CHANGE, account("Anna Berg"), "clearer")
    with pytest.raises(ChangedMeanwhile):
        editions.act(made.id, A.APPROVE, account("Bo Lund"), seen=1)
    editions.act(made.id, A.APPROVE, account("Bo Lund"), seen=2)
    again = editions.edit(made.id, CHANGE, account("Bo Lund"), "clearer still")
    assert (again.state, again.approved_by) == (EditionState.EDITED, "")


def test_a_draft_is_built_again_until_somebody_touched_it(opened, brief, a_case, facts) -> None:
    editions, engine, _ = opened()
    first = editions.draft(brief)
    assert editions.draft(replace(brief, made_us=brief.made_us + 1)) == first
    assert len(audit.lines(engine)) == 1
    other = build(Kind.BRIEF, facts(Kind.BRIEF, cases=(a_case(1),)))
    assert editions.draft(other).version == 2
    editions.edit(first.id, CHANGE, account("Anna Berg"), "clearer")
    with pytest.raises(NoSuchAct, match="edited"):
        editions.draft(brief)
    with pytest.raises(ValueError, match="reason"):
        editions.act(first.id, A.WITHDRAW, account("Anna Berg"))
    editions.act(first.id, A.WITHDRAW, account("Anna Berg"), "wrong month")
    assert editions.draft(brief).version == 4
    assert editions.document(first.id) == brief


def test_a_refused_act_leaves_nothing(opened, brief) -> None:
    editions, engine, _ = opened()
    made = editions.draft(brief)
    for refused in (
        lambda: editions.edit(made.id, CHANGE, "centre", "a program"),
        lambda: editions.act(made.id, A.APPROVE, "policy:1"),
    ):
        with pytest.raises(NotAllowed):
            refused()
    for wrong in (CHANGE, Change(place="overview/99", text=None)):
        with pytest.raises(ValueError, match=r"reason|there is no"):
            editions.edit(made.id, wrong, account("Anna Berg"), "" if wrong is CHANGE else "gone")
    with pytest.raises(NoSuchAct):
        editions.act(made.id, A.PUBLISH, account("Anna Berg"))
    with pytest.raises(UnknownEdition):
        editions.act("brief-1999-01", A.APPROVE, account("Anna Berg"))
    assert editions.get(made.id) == made
    assert len(audit.lines(engine)) == len(editions.versions(made.id)) == 1


def test_the_table_is_the_life_cycle() -> None:
    for state in EditionState:
        for act in EditionAct:
            if (state, act) in LIFE_CYCLE:
                assert after(state, act) is LIFE_CYCLE[state, act]
            else:
                with pytest.raises(NoSuchAct, match=state.value):
                    after(state, act)
    before = {state for (state, act), _ in LIFE_CYCLE.items() if act is A.PUBLISH}
    assert before == {EditionState.APPROVED}


def test_sent_once_for_each_version(opened, brief) -> None:
    editions, engine, _ = opened()
    made = editions.draft(brief)
    for _ in range(2):
        editions.sent(made, "anna@example.org", account("Bo Lund"))
    assert editions.was_sent(made) == {"anna@example.org"}
    assert [line.act for line in audit.lines(engine)] == ["publish-draft", "publish-sent"]


def test_levels_and_sorts_with_name_and_reason(opened) -> None:
    _, engine, clock = opened()
    judged = Judgements(engine, clock, audited_by(clock))
    judged.set_level(Threat.CRIME, Level.HIGH, account("Anna Berg"), "three regions")
    judged.set_level(Threat.CRIME, Level.LOW, account("Bo Lund"), "over")
    assert [(one.level, one.by, one.why) for one in judged.levels()] == [
        (Level.HIGH, account("Anna Berg"), "three regions"),
        (Level.LOW, account("Bo Lund"), "over"),
    ]
    judged.set_sort("case-1", Threat.ESPIONAGE, account("Anna Berg"), "as the partner says")
    judged.set_sort("case-1", Threat.CRIME, account("Bo Lund"), "no")
    assert judged.sorts() == {"case-1": (Threat.CRIME, account("Bo Lund"))}
    judged.set_sort("case-1", None, account("Bo Lund"), "nobody knows")
    assert judged.sorts() == {}
    for bad in ("", " ", "x" * 501, "a\nb"):
        with pytest.raises(ValueError, match="reason"):
            judged.set_level(Threat.CRIME, Level.LOW, account("Anna Berg"), bad)
    with pytest.raises(NotAllowed):
        judged.set_level(Threat.CRIME, Level.LOW, "centre", "itself")
    assert len(audit.lines(engine)) == 5


def test_the_page_shows_the_same_table() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "life-cycles.md").read_text(encoding="utf-8")
    rows = page[page.index("| from | draft") :].split("\n\n")[0].splitlines()
    acts = [cell.strip() for cell in rows[0].strip("|").split("|")][1:]
    shown = {}
    for row in rows[2:]:
        state, *cells = [cell.strip() for cell in row.strip("|").split("|")]
        shown |= {(state, act): cell for act, cell in zip(acts, cells, strict=True) if cell}
    assert shown == {(state.value, act.value): after.value for (state, act), after in LIFE_CYCLE.items()}
