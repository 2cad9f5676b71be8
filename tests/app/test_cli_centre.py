"""Two people, one policy; remarks and cases by hand: the centre's desk from the command line."""

import datetime as dt
import json
import socket

import pytest

from bavn.app.cli.centre.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note
from tests.people import Runner as CliRunner

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
        ("anna", "policy-proposed"),
        ("bo", "policy-approved"),
        ("anna", "policy-ended"),
    ]


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
        ("leads", "lead-9"),
        ("case", "case-9"),
    ],
)
def test_what_nobody_knows_is_one_clear_error(config, words) -> None:
    assert "-9" in str(run(config, *words, code=Exit.NOT_FOUND).exception)


def test_where_nothing_has_happened_yet_it_is_said(config) -> None:
    assert "nothing yet" in run(config, "quarantine").stdout
    run(config, "rounds", "00", code=Exit.NOT_FOUND)
    run(config, "rounds", "latest", "--json", code=Exit.NOT_FOUND)


def test_a_port_that_is_taken_is_one_clear_error_and_the_service_is_started_again(config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config.write_text(f"[place]\nport = {taken.getsockname()[1]}\n")
        assert "cannot listen on 127.0.0.1:" in str(run(config, "run", code=Exit.NOT_NOW).exception)


def test_a_table_in_a_file_is_not_cut(config) -> None:
    name = proposed(config)["policy"]
    assert name in run(config, "policy", "list").stdout


def test_the_centres_ledger_is_shown_and_its_chain_walked(config) -> None:
    run(config, "ledger", code=Exit.NOT_FOUND)
    with Book(config.parent / "data" / "centre-book.db") as book:
        ledger = Ledger(book)
        for n in range(3):
            ledger.append(n, "inbox", "in", Note(kind="Health", item_id=f"{n:064x}", peer="region-nord"))
    assert run(config, "ledger", "--json", "--limit", "2").stdout.count("region-nord") == 2
    assert "the chain holds" in run(config, "ledger", "--verify").stdout
    with Book(config.parent / "data" / "centre-book.db") as book, book.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_keep_words")
        tx.execute("UPDATE ledger SET peer = 'region-syd' WHERE seq = 2")
    assert "line 2" in str(run(config, "ledger", "--verify", code=Exit.BROKEN).exception)


def test_a_round_is_told_in_words_and_as_json(config, monkeypatch) -> None:
    """Made in the centre's own tables: three members, two uploads, one of them with other keys."""
    from bavn.app.centre.parts import open_desk
    from bavn.app.config.load import read_centre
    from bavn.centre.books.rounds import SqlRoundBook
    from bavn.centre.correlate.round_state import KeepHits, KeepPlanes, KeepRound, Phase, Round, Turned
    from bavn.psi.round import Cell, Hit, RoundParams

    params = RoundParams(version=1, epoch=1, round_id=b"r" * 16, registry_version=1, tier="A", t=2, m=2, r=2)
    made = Round(
        params=params,
        members=(("east", 1), ("north", 2), ("west", 3)),
        phase=Phase.CLOSED,
        opened_us=0,
        deadline_us=60_000_000,
        closes_us=600_000_000,
        uploads=2,
        hits=1,
        key_groups=((1,), (2,)),
    )
    desk = open_desk(read_centre(config))
    uploads = [KeepPlanes(made.id, x, f"item-{x}", "0" * 32, (b"", b"")) for x in (1, 2)]
    hits = KeepHits(made.id, (Hit(Cell(0, 1), (1, 2)),), 1)
    SqlRoundBook(desk.engine).write([KeepRound(made), *uploads, hits, Turned(made.id, "west", "upload_in_time")])
    desk.engine.dispose()
    said = run(config, "rounds", "latest").stdout
    for words in ("It is over: 2 uploads", "No upload from: west", "after the deadline", "Other keys at north"):
        assert words in said
    assert "Andre nøgler hos north" in run(config, "rounds", made.id, "--language", "da").stdout
    head, cell = (json.loads(line) for line in run(config, "rounds", made.id, "--json").stdout.splitlines())
    assert (head["missing"], head["key_groups"]) == (["west"], [["east"], ["north"]])
    assert (cell["outcome"], cell["holders"]) == ("explained", ["east", "north"])


def test_a_table_says_yes_or_no_and_never_how_python_writes_it(config) -> None:
    run(config, "invite", "klinik", "--kind", "clinic")
    line = run(config, "members").stdout.splitlines()[-1].split()
    assert line == ["klinik", "clinic", "klinik", "no", "invited"]
