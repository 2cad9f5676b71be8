"""`bavn node hits`: a confirmed attack that was met here, in the shell."""

import json
from datetime import datetime

import pytest
from typer.testing import CliRunner

from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit
from bavn.model.moment import DAY_US, as_us, iso
from bavn.wire.book import Book
from tests.app.web.drawn_node import BEACON, BLOCKED, C2, draw, own


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
    (plain,) = map(json.loads, run("hits", "--config", config, "--json").splitlines())
    assert (plain["observable"], plain["stands"], plain["count"], plain["reported"]) == (
        f"domain:{C2}",
        "blocked",
        3,
        True,
    )
    run("hits", "--config", config, "--check", code=Exit.UNHEALTHY)
    said = run("hits", "--take", C2, "--config", config, "--by", "Anna Berg")
    assert C2 in said
    assert "In the hands of " in run("hits", "--config", config, "--check")


def test_suspicions_and_evidence_say_the_first_sighting_of_the_hit(tmp_path) -> None:
    """A week before its own records, the hunt of own history found it."""
    config = draw(tmp_path / "north")
    before = next(
        one
        for one in map(json.loads, run("suspicions", "--config", config, "--json").splitlines())
        if one["id"] == BEACON
    )
    zero_us = as_us(datetime.fromisoformat(before["first"])) - 7 * DAY_US
    with Book(config.parent / "data" / "node.db") as book, book.transaction() as tx:
        tx.execute("INSERT INTO protect_met VALUES (?, 'retro', 113, ?, ?, 113, ?)", (BLOCKED, *[zero_us] * 3))
    for command in (("suspicions",), ("evidence", BEACON)):
        lines = run(*command, "--config", config, "--json").splitlines()
        told = [line.get("suspicion", line) for line in map(json.loads, lines)]
        assert next(one["first"] for one in told if one.get("id") == BEACON) == iso(zero_us)
    assert iso(zero_us)[:19] in run("evidence", BEACON, "--config", config)
