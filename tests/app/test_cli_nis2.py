"""NIS2's clocks from the command line, from awareness to a missed deadline, in both languages."""

import json

import pytest

from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.model.observable import Observable
from tests.people import Runner as CliRunner


def run(config, *words, code=0):
    done = CliRunner().invoke(app, ["nis2", *words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    assert CliRunner().invoke(app, ["init", "--config", str(file)]).exit_code == 0
    registry = open_registry(read_centre(file))
    registry.add("region-nord", "region", "")
    registry.engine.dispose()
    return file


@pytest.fixture
def case(config):
    desk = open_desk(read_centre(config))
    lead = LeadFacts(
        lead_id="lead-00000000000000aa",
        score=9.0,
        technique="T1071.001",
        actors=3,
        first_hour=490_000,
        first_report_us=1,
        lead_us=2,
        elements=(ElementFacts(Observable.of("domain", "evil.example.com"), 9.0, 3, listed=False),),
    )
    made = Cases(desk.engine, desk._clock).open(lead).id
    desk.engine.dispose()
    return made


def test_from_awareness_to_a_draft_and_a_missed_deadline(config, case) -> None:
    said = run(config, "note", case, "region-nord", "aware", "--by", "anna", "--cross-border", "no").stdout
    assert "early warning" in said
    assert "waiting" in said
    run(config, "list", "--check")
    earlier = ("--at", "2026-11-01T08:00", "--correct", "--why", "the log says so")
    run(config, "note", case, "region-nord", "aware", "--by", "anna", *earlier)
    (row,) = [json.loads(line) for line in run(config, "list", "--json").stdout.splitlines()]
    assert row["cross_border"] == "no"
    assert row["next"] == "2026-11-02T08:00:00+01:00"
    assert {one["state"] for one in row["reports"]} == {"overdue", "later"}
    run(config, "list", "--check", "--running", code=Exit.UNHEALTHY)
    assert "OVERSKREDET" in run(config, "list", "--language", "da").stdout
    done = run(config, "draft", case, "region-nord", "notification", "--language", "da")
    assert "# Udkast: hændelsesunderretning" in done.stdout
    assert "huller" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("note", "case-9", "region-nord", "aware", "--by", "anna"), Exit.NOT_FOUND),
        (("note", "CASE", "region-syd", "aware", "--by", "anna"), Exit.NOT_FOUND),
        (("note", "CASE", "region-nord", "final", "--by", "anna"), Exit.NOT_NOW),
        (("note", "CASE", "region-nord", "aware", "--by", "anna", "--at", "yesterday"), Exit.NOT_NOW),
        (("note", "CASE", "region-nord", "aware", "--by", "anna", "--at", "2099-01-01"), Exit.NOT_NOW),
        (("note", "CASE", "region-nord", "aware", "--by", "anna", "--cross-border", "maybe"), Exit.USAGE),
        (("draft", "CASE", "region-nord", "handled"), Exit.NOT_NOW),
        (("list", "--case", "case-9"), Exit.NOT_FOUND),
    ],
)
def test_what_cannot_be_is_one_clear_error(config, case, words, code) -> None:
    run(config, *(case if word == "CASE" else word for word in words), code=code)
    assert run(config, "list", "--json").stdout == ""
