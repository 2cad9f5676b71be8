"""Leads in words, what members do and what the score weighs by: the centre from the command line."""

import json

import pytest

from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.centre.members.roles import Roles
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
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


def test_a_member_is_set_apart_and_one_person_alone_does_not_let_it_join(ranked) -> None:
    run(ranked, "member", "set-apart", "north", "--why", "a call from south")
    (row,) = [json.loads(line) for line in run(ranked, "member", "set-apart", "--json").stdout.splitlines()]
    assert (row["group"], row["asked_by"]) == ("north", "")
    assert "a call from south" in row["why"]
    assert "second person" in run(ranked, "member", "let-join", "north", "--why", "a mistake").stdout
    (row,) = [json.loads(line) for line in run(ranked, "member", "set-apart", "--json").stdout.splitlines()]
    assert row["asked_by"]


def test_members_are_set_and_shown(ranked) -> None:
    rows = [json.loads(line) for line in run(ranked, "members", "--json").stdout.splitlines()]
    assert rows[0]["functions"] == ["laboratory", "surgery"]
    assert rows[1]["suppliers"] == ["dxc", "kmd"]
    run(ranked, "member", "set", "north", "--functions", "catering", code=Exit.USAGE)
    run(ranked, "member", "set", "nobody-here", "--functions", "surgery", code=Exit.NOT_FOUND)
    run(ranked, "member", "set", "north", code=Exit.USAGE)


def test_what_the_score_does_is_said_in_the_readers_language_and_the_same_to_programs(ranked, monkeypatch) -> None:
    english = run(ranked, "laws", "--json").stdout
    monkeypatch.setenv("BAVN_LANGUAGE", "da")
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
