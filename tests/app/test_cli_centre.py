"""Two people, one policy; remarks and cases by hand: the centre's desk from the command line."""

import datetime as dt
import json
import socket

import pytest
from typer.testing import CliRunner

from bavn.app.cli.centre import app
from bavn.app.exits import Exit, Stop

UNTIL = (dt.datetime.now(dt.UTC) + dt.timedelta(days=60)).strftime("%Y-%m-%d")


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    run(file, "init")
    return file


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def proposed(config, by="anna", **other):
    words = {"--until": UNTIL, "--score-min": "12", "--by": by} | other
    done = run(config, "policy", "propose", "strong domains", *(w for pair in words.items() for w in pair), "--json")
    return json.loads(done.stdout)


def test_a_policy_is_in_force_when_a_second_person_agrees(config) -> None:
    made = proposed(config)
    assert (made["in_force"], made["types"], made["groups_min"]) == (False, ["domain"], 2)
    run(config, "policy", "approve", made["policy"], "--by", "Anna", code=Exit.NOT_NOW)
    agreed = json.loads(run(config, "policy", "approve", made["policy"], "--by", "bo", "--json").stdout)
    assert agreed["in_force"]
    ended = run(config, "policy", "end", made["policy"], "--by", "anna", "--why", "too many", "--json")
    assert not json.loads(ended.stdout)["in_force"]
    assert json.loads(run(config, "policy", "list", "--json").stdout)["ended_by"] == "anna"
    lines = [json.loads(line) for line in run(config, "audit").stdout.splitlines()]
    assert [(line["who"], line["act"]) for line in lines] == [
        ("anna", "policy-proposed"), ("bo", "policy-approved"), ("anna", "policy-ended"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "other", [{"--until": "2020-01-01"}, {"--groups-min": "1"}, {"--blocks-per-day-max": "0"}, {"--type": "shoe"}]
)
def test_a_policy_without_bounds_is_one_clear_error(config, other) -> None:
    words = {"--until": UNTIL, "--score-min": "12", "--by": "anna"} | other
    run(config, "policy", "propose", "x", *(w for pair in words.items() for w in pair), code=Exit.USAGE)
    assert run(config, "policy", "list", "--json").stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ("policy", "approve", "policy-9", "--by", "bo"),
        ("policy", "end", "policy-9", "--by", "bo", "--why", "x"),
        ("open-case", "lead-9", "--by", "bo"),
        ("comment", "case-9", "seen", "--by", "bo"),
        ("case", "case-9"),
    ],
)
def test_what_nobody_knows_is_one_clear_error(config, words) -> None:
    assert "-9" in str(run(config, *words, code=Exit.NOT_FOUND).exception)


def test_where_nothing_has_happened_yet_it_is_said(config) -> None:
    assert "nothing yet" in run(config, "quarantine").stdout
    assert "no such round" in run(config, "round", "00").stdout
    assert run(config, "round", "00", "--json").stdout == ""


def test_a_port_that_is_taken_is_one_clear_error(config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config.write_text(f"[place]\nport = {taken.getsockname()[1]}\n")
        assert "cannot listen on 127.0.0.1:" in str(run(config, "run", code=Exit.CONFIGURATION).exception)


def test_a_table_in_a_file_is_not_cut(config) -> None:
    name = proposed(config)["policy"]
    assert name in run(config, "policy", "list").stdout
