"""`bavn node hits` and `hit-taken`: a confirmed attack that was met here, in the shell."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit
from tests.app.web.drawn_node import BLOCKED, C2, draw, own


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("hit") / "north")


def run(*words, code=0):
    done = CliRunner().invoke(app, [*map(str, words)])
    if code:
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_it_says_what_where_and_what_to_do_in_each_language_until_somebody_has_it(config) -> None:
    text = run("hits", "--config", config)
    assert f"{C2}  {BLOCKED}" in text
    assert "Confirmed attack, blocked since " in text
    assert "met here 3 times from 2 machines, first on " in text
    assert own(21) in text
    assert "1. Take the machines off the network" in text
    assert "Bekræftet angreb, spærret siden " in run("hits", "--config", config, "--language", "da")
    assert "Bekräftad attack, spärrad sedan " in run("hits", "--config", config, "--language", "sv")
    (plain,) = map(json.loads, run("hits", "--config", config, "--json").splitlines())
    assert (plain["observable"], plain["stands"], plain["count"], plain["reported"]) == (
        f"domain:{C2}",
        "blocked",
        3,
        True,
    )
    run("hits", "--config", config, "--check", code=Exit.UNHEALTHY)
    said = run("hit-taken", C2, "--config", config, "--by", "Anna Berg")
    assert C2 in said
    assert "In the hands of " in run("hits", "--config", config, "--check")
