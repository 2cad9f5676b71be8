"""Leads in words, what members do, how the score fares and what it weighs by: the centre from the command line."""

import json
from dataclasses import replace

import pytest

from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.centre.desk.lead_facts import facts_of
from bavn.centre.members.roles import Roles
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.case import CaseAct
from bavn.model.sector.lead import Sign
from bavn.rehearsal.clock import SimClock
from tests.people import Runner as CliRunner

NOW_US = 1_700_000_000_000_000
EVIL = Observable.of("domain", "evil.example.com")


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    run(file, "init")
    registry = open_registry(read_centre(file))
    for name in ("north", "south"):
        registry.add(name, "region")
    registry.engine.dispose()
    return file


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def report(actor):
    return Sign(
        report_id=actor,
        actor=actor,
        group=actor,
        tier="A",
        round_id="0" * 32,
        observable=EVIL,
        detector="beacon",
        technique="T1071.001",
        p_bucket=9,
        hosts_bucket=0,
        first_hour=NOW_US // HOUR_US - 3,
        last_hour=NOW_US // HOUR_US,
        period_bucket=3,
        regularity_bucket=4,
        walk_half_nats=None,
        received_us=NOW_US,
    )


@pytest.fixture
def ranked(config):
    """A lead of two actors, as the running centre would have ranked it."""
    run(config, "member", "set", "north", "--functions", "surgery,laboratory", "--suppliers", "dxc")
    run(config, "member", "set", "south", "--suppliers", "dxc,kmd")
    registry = open_registry(read_centre(config))
    context = Context(now_us=NOW_US, roles=Roles(registry, SimClock(NOW_US)).every())
    book = SqlLeadBook(open_desk(read_centre(config), registry).engine)
    book.keep(correlate([report("north"), report("south")], context, {}), {}, NOW_US)
    book.engine.dispose()
    return config


def test_a_lead_explains_itself_in_both_languages(ranked) -> None:
    english = run(ranked, "leads", "--score").stdout
    for words in (
        "priority",
        "domain:evil.example.com",
        "2 reports count as 1.3",
        "1 pair of actors call it regularly",
        "Touches surgery: north.",
        "They share the supplier dxc: north, south.",
        "Without north: no lead, too few would hold it.",
    ):
        assert words in english
    danish = run(ranked, "leads", "--score", "--language", "da").stdout
    for words in (
        "prioritet",
        "Rammer kirurgi: north.",
        "leverandøren dxc",
        "Uden south: intet spor",
        "tæller som 1,3",
    ):
        assert words in danish
    row = json.loads(run(ranked, "leads", "--json").stdout)
    assert row["priority"] == pytest.approx(row["score"] + 1.5 + 1.0 + 1.0)
    assert [reason["name"] for reason in row["reasons"]] == [
        "function:surgery",
        "function:laboratory",
        "supplier:dxc",
    ]
    one = json.loads(run(ranked, "leads", row["lead"], "--json").stdout)
    assert one == row
    run(ranked, "leads", "lead-none", code=Exit.NOT_FOUND)


def test_an_attack_is_told_again_step_by_step_and_in_a_paragraph_that_names_no_member(ranked) -> None:
    lead = json.loads(run(ranked, "leads", "--json").stdout)["lead"]
    words = run(ranked, "replay", lead).stdout
    steps = (
        "2023-11-14 19 h    First met, at north, south.",
        "south had met it, alone; such a thing happens by chance at most once in 512",
        "2023-11-14 22:13Z  2 reports reached the centre, of north, south.",
        "it became a lead.  [The sector had a lead",
        "Now. Among the leads it is number 1.",
        "Its evidence has not passed the line at which the centre opens a case.",
        "Nobody blocks it, so nothing was stopped.",
        "Not known here:",
    )
    places = [words.index(step) for step in steps]
    assert places == sorted(places)
    *rows, last = map(json.loads, run(ranked, "replay", lead, "--json", "--language", "da").stdout.splitlines())
    assert [(row["step"], row["by_hour"]) for row in rows] == [
        ("first", True),
        ("report", False),
        ("lead", False),
        ("now", False),
    ]
    assert [row["actors"]["north"]["stand"] for row in rows] == ["alone", "reported", "reported", "reported"]
    assert rows[0]["says"] == "Først mødt hos north, south."
    assert last["prevented"] == "Ingen spærrer det, så intet blev standset."
    assert len(last["unknown"]) == 3
    story = run(ranked, "story", lead).stdout
    assert "It was first met on 14 November 2023 between 19:00 and 20:00 UTC. [1]" in story
    assert f"[1] bavn centre leads {lead}" in story
    assert "[2]" not in story, "one source for all of it"
    assert "north" not in story
    sentences = [
        json.loads(row) for row in run(ranked, "story", lead, "--json", "--language", "da").stdout.splitlines()
    ]
    assert len(sentences) == 4
    assert {row["command"] for row in sentences} == {f"bavn centre leads {lead}"}
    assert sentences[1]["text"] == "Det blev først mødt den 14. november 2023 mellem 19:00 og 20:00 UTC."
    for command in ("replay", "story"):
        for unknown in ("lead-none", "case-none", "indicator--none", "nothing"):
            run(ranked, command, unknown, code=Exit.NOT_FOUND)


def test_a_lead_is_told_in_words_first_and_its_score_only_when_asked(ranked) -> None:
    words = run(ranked, "leads").stdout
    parts = (
        "a machine calls the name evil.example.com again and again, every",
        "What speaks for it",
        "What speaks against it",
        "What to do first:",
        "What is claimed:",
        "Pace and client at each actor:",
        "What would change it:",
    )
    places = [words.index(part) for part in parts]
    assert places == sorted(places)
    for sentence in (
        "At 2 independent actors (north, south): a machine calls the name evil.example.com again and again.",
        "They share the supplier dxc: what it rolls out reaches them all at once.",
        "Ask at north, where it is a single machine: which program calls it",
        "Without any one of north, south it is no lead",
    ):
        assert sentence in words
    assert "nats" not in words
    scored = run(ranked, "leads", "--score").stdout
    assert scored.index("What would change it:") < scored.index("How it is scored, in nats:")
    row = json.loads(run(ranked, "leads", "--json").stdout)
    assert set(row["review"]) == {
        *("evidence", "against", "todo", "claim", "rhythm", "known", "changes", "matters"),
    }
    assert "Hvad der taler imod" in run(ranked, "leads", row["lead"], "--language", "da").stdout


@pytest.fixture
def judged(config):
    """Forty leads of `beacon` and `dga` at one score: people confirmed those of `beacon` and dismissed the others."""
    names = [Observable.of("domain", f"{name}{at}.example.com") for name in ("beacon", "dga") for at in range(20)]
    signs = [
        replace(
            report(actor),
            observable=name,
            report_id=f"{name} {actor}",
            detector="beacon" if "beacon" in name.value else "dga",
            first_hour=NOW_US // HOUR_US - 3 - at,
        )
        for at, name in enumerate(names)
        for actor in ("north", "south")
    ]
    desk = open_desk(read_centre(config), open_registry(read_centre(config)))
    desk.lead_book.keep(correlate(signs, Context(now_us=NOW_US), {}), {}, NOW_US)
    for view in desk.lead_book.leads(100):
        case = desk.cases.open(replace(facts_of(view, {"A": 2}), score=6.0))
        found = CaseAct.CONFIRM if "beacon" in view.lead.observables[0].value else CaseAct.DISMISS
        desk.cases.act(case.id, CaseAct.TAKE, "anna")
        desk.cases.act(case.id, found, "anna", "we looked")
    desk.engine.dispose()
    return config


def test_what_verdicts_teach_counts_when_two_people_stand_behind_it_and_one_takes_it_back(judged) -> None:
    def beacon() -> float:
        rows = [json.loads(line) for line in run(judged, "laws", "--json").stdout.splitlines()]
        return next(row["value"] for row in rows if row["law"] == "evidence of beacon at p <= 0.002")

    before = beacon()
    made = json.loads(run(judged, "learn", "propose", "--by", "anna", "--json").stdout)
    assert (made["counts"], made["judged"], made["confirmed"]) == (False, 40, 20)
    assert beacon() == before
    run(judged, "learn", "approve", made["version"], "--by", "Anna", code=Exit.NOT_NOW)
    assert json.loads(run(judged, "learn", "approve", made["version"], "--by", "bo", "--json").stdout)["counts"]
    assert 0.3 < beacon() - before <= 1
    assert "moved by what 40 verdicts taught" in run(judged, "laws").stdout
    run(judged, "learn", "propose", "--by", "anna", code=Exit.NOT_NOW)  # each verdict teaches once
    taken = run(judged, "learn", "take-back", made["version"], "--by", "clara", "--why", "a test day", "--json")
    assert not json.loads(taken.stdout)["counts"]
    assert beacon() == before
    assert json.loads(run(judged, "learn", "list", "--json").stdout)["ended_by"] == "clara"


def test_a_lead_is_put_aside_taken_back_and_found_harmless(ranked) -> None:
    lead = json.loads(run(ranked, "leads", "--json").stdout)["lead"]
    run(ranked, "ignore", lead, "--days", "91", "--why", "our own scanner", code=Exit.USAGE)
    run(ranked, "ignore", "lead-none", "--days", "7", "--why", "our own scanner", code=Exit.NOT_FOUND)
    run(ranked, "ignore", lead, "--days", "7", "--why", "our own scanner", "--by", "anne")
    run(ranked, "heed", lead, "--by", "anne")
    case_id = run(ranked, "benign", lead, "--why", "our own scanner", "--by", "anne").stdout.strip()
    assert json.loads(run(ranked, "case", case_id, "--json").stdout)["state"] == "dismissed"
    noted = [json.loads(line)["act"] for line in run(ranked, "audit").stdout.splitlines()]
    assert [act for act in noted if act.startswith("lead-")] == ["lead-ignored", "lead-heeded"]


def test_a_member_gets_a_quota_of_its_own_and_the_sectors_again(ranked) -> None:
    def of_north():
        registry = open_registry(read_centre(ranked))
        quota, own = registry.quotas("north")["Report"]
        registry.engine.dispose()
        return quota.messages_per_hour_max, own

    usual = of_north()
    run(ranked, "member", "quota", "north", "--kind", "Report", "--messages", "7", "--bytes", "7000")
    assert of_north() == (7, True)
    run(ranked, "member", "quota", "north", "--kind", "Report")
    assert of_north() == usual
    run(ranked, "member", "quota", "north", "--kind", "Poem", code=Exit.USAGE)
    run(ranked, "member", "quota", "nobody-here", "--kind", "Report", code=Exit.NOT_FOUND)


def test_a_member_is_set_apart_and_one_person_alone_does_not_let_it_join(ranked) -> None:
    run(ranked, "member", "set-apart", "north", "--why", "a call from south")
    (row,) = [json.loads(line) for line in run(ranked, "member", "apart", "--json").stdout.splitlines()]
    assert (row["group"], row["asked_by"]) == ("north", "")
    assert "a call from south" in row["why"]
    assert "second person" in run(ranked, "member", "let-join", "north", "--why", "a mistake").stdout
    (row,) = [json.loads(line) for line in run(ranked, "member", "apart", "--json").stdout.splitlines()]
    assert row["asked_by"]


def test_members_are_set_and_shown(ranked) -> None:
    rows = [json.loads(line) for line in run(ranked, "members", "--json").stdout.splitlines()]
    assert rows[0]["functions"] == ["laboratory", "surgery"]
    assert rows[1]["suppliers"] == ["dxc", "kmd"]
    run(ranked, "member", "set", "north", "--functions", "catering", code=Exit.USAGE)
    run(ranked, "member", "set", "nobody-here", "--functions", "surgery", code=Exit.NOT_FOUND)
    run(ranked, "member", "set", "north", code=Exit.USAGE)
    known = CliRunner().invoke(app, ["member", "functions", "--language", "da", "--json"]).stdout
    assert {"function": "surgery", "points": 1.5, "words": "kirurgi"} in map(json.loads, known.splitlines())


def test_calibration_counts_verdicts_at_the_score_they_were_given_at(ranked) -> None:
    assert "no case has been confirmed" in run(ranked, "calibration").stdout
    lead = json.loads(run(ranked, "leads", "--json").stdout)
    case_id = run(ranked, "open-case", lead["lead"], "--by", "anne").stdout.strip()
    run(ranked, "case", case_id, CaseAct.CONFIRM.value, "--by", "anne", "--why", "seen it")
    found = json.loads(run(ranked, "calibration", "--json").stdout)
    assert (found["judged"], found["confirmed"], found["predictions"]) == (1, 1, 0)
    (full,) = [b for b in found["bins"] if b["judged"]]
    assert (full["share"], full["predicted"]) == (1.0, None)
    assert full["interval"][0] < 0.3
    assert "too few verdicts" in run(ranked, "calibration").stdout
    assert "1 of 1 were confirmed" in run(ranked, "leads").stdout
    run(ranked, "case", case_id, CaseAct.DISMISS.value, "--by", "bo", "--why", "a probe after all")
    again = json.loads(run(ranked, "calibration", "--json").stdout)
    assert (again["judged"], again["confirmed"]) == (1, 0)


def test_what_the_score_does_is_said_in_the_readers_language_and_the_same_to_programs(ranked, monkeypatch) -> None:
    english = run(ranked, "laws", "--json").stdout
    monkeypatch.setenv("BAVN_LANGUAGE", "da")
    assert "ingen sag er bekræftet" in run(ranked, "calibration").stdout
    shown = run(ranked, "laws").stdout
    assert "aktører i en kampagne" in shown
    assert "ikke tilpasset endnu" in shown
    assert run(ranked, "laws", "--json").stdout == english


def test_the_laws_say_what_they_rest_on(config) -> None:
    shown = run(config, "laws").stdout
    assert "not fitted yet" in shown
    rows = {row["law"]: row for row in map(json.loads, run(config, "laws", "--json").stdout.splitlines())}
    assert rows["a, unlisted, start value"]["value"] == 0.9
    assert rows["correlation of reports"] == {
        "law": "correlation of reports",
        "value": 0.5,
        "rests_on": 0,
        "fitted": None,
    }
