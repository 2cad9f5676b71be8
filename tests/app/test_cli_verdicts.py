"""Verdicts on the command line: given by the beginning of an id, seen in the reading order, taken back, bounded."""

import json

import pytest

from bavn.actor.door.suspicions import NodeSuspicions
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.evidence import evidence_nats
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.people import Runner as CliRunner


def suspicion(number, **other) -> Suspicion:
    p = other.pop("p", 10.0 ** -(4 - number))
    plain = {
        "id": f"{number:x}" * 8 + "0" * 24,
        "detector": "beacon",
        "technique": "T1071",
        "host": f"10.0.0.{number}",
        "peer": f"peer{number}.com",
        "observables": (),
        "p_source": "own",
        "statistic": 3.0,
        "first_us": 0,
        "last_us": 1,
        "hosts": 1,
        "listed": False,
        "why": Text.written("It calls.", da="Den kalder."),
        "rows": RowsRef("flow", (), 0, 1),
    }
    return Suspicion(p=p, evidence_nats=evidence_nats(p), **plain | other)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n[evidence]\nverdict_days_max = 60\n')
    (tmp_path / "data").mkdir()
    with Book(tmp_path / "data/node.db") as book:
        found = [suspicion(1), suspicion(2), suspicion(3, detector="scan", peer="tcp/445")]
        NodeSuspicions(book).replace(found, SystemClock().now_us())
    return file


def do(config, *words):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def rows(config, *words):
    return [json.loads(line) for line in do(config, *words, "--json").splitlines()]


def refused(config, *words) -> Stop:
    stopped = CliRunner().invoke(app, [*words, "--config", str(config)]).exception
    assert isinstance(stopped, Stop), stopped
    return stopped


def test_ignored_is_out_of_sight_counted_and_there_with_all(config) -> None:
    (given,) = rows(config, "verdict", "1111", "ignore", "--until", "30d", "--by", "anna", "--comment", "patch day")
    assert (given["verdict"], given["scope"], given["by"], given["holds"]) == ("ignore", "story", "anna", True)
    assert [(s["rank"], s["id"][0]) for s in rows(config, "suspicions")] == [(1, "2"), (2, "3")]
    shown = rows(config, "suspicions", "--all")
    assert [(s["rank"], s["id"][0]) for s in shown] == [(1, "2"), (2, "3"), (None, "1")]
    assert shown[-1]["verdict"]["comment"] == "patch day"
    text = do(config, "suspicions")
    assert "1 ignored by a verdict" in text
    assert "peer1.com" not in text


def test_benign_falls_and_true_stands_first(config) -> None:
    rows(config, "verdict", "1111", "benign", "--until", "7d")
    rows(config, "verdict", "3333", "true")
    shown = rows(config, "suspicions")
    assert [s["id"][0] for s in shown] == ["3", "2", "1"]
    assert shown[2]["p"] == pytest.approx(0.1)
    assert "ægte" in do(config, "suspicions", "--language", "da")


def test_it_is_listed_and_taken_back_and_stays_on_record(config) -> None:
    rows(config, "verdict", "1111", "ignore", "--until", "2d")
    (ended,) = rows(config, "verdict-end", "1", "--by", "bo", "--comment", "it is not")
    assert not ended["holds"]
    assert rows(config, "verdicts") == []
    (kept,) = rows(config, "verdicts", "--all")
    assert (kept["ended_by"], kept["ended_comment"]) == ("bo", "it is not")
    assert rows(config, "suspicions")[0]["id"][0] == "1"
    assert "taken back" in do(config, "verdicts", "--all")
    assert refused(config, "verdict-end", "1").code is Exit.NOT_FOUND


def test_what_the_internet_tries_is_one_line_and_each_of_it_with_all(config) -> None:
    tried = {"detector": "scan", "technique": "T1595.001", "knock": "tcp/22", "p": 1e-3}
    with Book(config.parent / "data/node.db") as book:
        found = [suspicion(1), *(suspicion(n, peer=f"45.9.150.{n}", **tried) for n in (4, 5))]
        NodeSuspicions(book).replace(found, SystemClock().now_us())
    assert [(s["id"][0], s["knock"]) for s in rows(config, "suspicions")] == [
        ("1", None),
        ("4", "tcp/22"),
        ("5", "tcp/22"),
    ]
    text = " ".join(do(config, "suspicions").split())
    assert (
        "The internet knocks: 2 addresses tried doors here on 1 January 1970 (tcp/22), most of all 45.9.150.4" in text
    )
    assert "45.9.150.5" not in text
    assert "further down" not in text
    for words in (("--all",), ("--detector", "scan")):
        assert "45.9.150.5" in do(config, "suspicions", *words)


def test_a_single_try_is_a_line_too_and_what_was_judged_stands_for_itself(config) -> None:
    """What own hosts do is numbered without a gap, whatever the internet tried beside it."""
    tried = {"detector": "scan", "technique": "T1595.001", "knock": "udp/*", "p": 1e-3}
    guessed = {"detector": "bruteforce", "technique": "T1110", "knock": "guess:SSH", "p": 1e-3}
    found = [suspicion(1), suspicion(2), suspicion(4, peer="45.9.150.4", **tried)]
    found += [suspicion(5, peer="45.9.150.5", **tried), suspicion(6, peer="45.9.150.6", **guessed)]
    with Book(config.parent / "data/node.db") as book:
        NodeSuspicions(book).replace(found, SystemClock().now_us())
    rows(config, "verdict", "5555", "true")
    text = " ".join(do(config, "suspicions").split())
    assert "The internet knocks: 1 address tried doors here on 1 January 1970 (many UDP ports): 45.9.150.4" in text
    assert "The internet guesses: 1 address tried passwords on 1 January 1970 (SSH): 45.9.150.6" in text
    assert "45.9.150.5" in text, "a person said that it is true"
    shown = [one for one in rows(config, "suspicions") if one["knock"] is None or one["verdict"]]
    assert [one["rank"] for one in shown] == [1, 2, 3]


def test_filters(config) -> None:
    assert [s["id"][0] for s in rows(config, "suspicions", "--detector", "scan")] == ["3"]
    assert [s["id"][0] for s in rows(config, "suspicions", "--host", "10.0.0.2")] == ["2"]
    assert rows(config, "suspicions", "--top", "1")[0]["id"][0] == "1"


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["9", "benign", "--until", "1d"], Exit.NOT_FOUND, "begins with '9'"),
        (["", "benign", "--until", "1d"], Exit.NOT_FOUND, "begins with"),
        (["1111", "benign"], Exit.USAGE, "at most 60 days"),
        (["1111", "ignore", "--until", "soon"], Exit.USAGE, "neither a day"),
        (["1111", "ignore", "--until", "2020-01-01"], Exit.USAGE, "has passed"),
        (["1111", "ignore", "--until", "0d"], Exit.USAGE, "has passed"),
        (["1111", "ignore", "--until", "9999-12-31"], Exit.USAGE, "60 days"),
        (["1111", "true", "--until", "99d"], Exit.USAGE, "60 days"),
        (["3333", "ignore", "--until", "1d", "--scope", "peer"], Exit.USAGE, "detector-peer"),
    ],
)
def test_what_is_no_verdict_is_one_clear_line(config, words, code, named) -> None:
    stopped = refused(config, "verdict", *words)
    assert stopped.code is code
    assert named in str(stopped)
    assert rows(config, "verdicts", "--all") == []


def test_a_beginning_that_fits_two_asks_for_more(config) -> None:
    with Book(config.parent / "data/node.db") as book:
        NodeSuspicions(book).replace([suspicion(1), suspicion(1, id="1111" + "a" * 28)], 0)
    stopped = refused(config, "verdict", "1111", "true")
    assert stopped.code is Exit.USAGE
    assert "write more of it" in str(stopped)


def test_a_host_scope_says_that_it_reaches_no_indicator(config) -> None:
    words = do(config, "verdict", "1111", "ignore", "--until", "1d", "--scope", "host")
    assert "matches of indicators" in words
