"""An operator's commands: what they refuse and why, what one actor's settings may name, when a node starts again."""

import json
import os
import sys

import pytest

from bavn.app.config.operator import OperatorTable, read_operator
from bavn.app.operator import supervise, survey
from bavn.app.operator.adding import user_of
from bavn.app.operator.home import fence_of, home_of
from bavn.app.operator.landlock import around
from bavn.app.operator.register import Entry, Place, Register
from bavn.app.operator.supervise import Operator, Waiting, printable
from bavn.app.operator.survey import lines
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.settings import SettingsError


@pytest.fixture
def one(operated):
    made = operated("one")
    for actor in ("region-a", "region-b"):
        made.add(actor)
    return made


def written(one, actor, text):
    (one.home(actor) / "node.toml").write_text(f'[node]\nactor = "{actor}"\n' + text)


def test_list_and_status_in_both_languages(one) -> None:
    said = one.command("list")
    assert "kept apart by" in said
    assert "region-a" in said
    assert "holdt adskilt af" in one.command("list", "--language", "da")
    assert "hukommelse" in one.command("status", "--language", "da", code=10)
    rows = [json.loads(line) for line in one.command("status", "--json", code=10).splitlines()]
    assert [(row["actor"], row["running"], row["well"], row["blocks"], row["due"]) for row in rows] == [
        ("region-a", False, None, 0, 0),
        ("region-b", False, None, 0, 0),
    ]


def test_status_says_why_a_node_that_began_just_now_is_not_well(one, monkeypatch) -> None:
    now_us = SystemClock().now_us()
    running = {"stopped": False, "at_us": now_us, "actors": {"region-a": {"pid": 1}}}
    monkeypatch.setattr(survey, "running_state", lambda _: running)
    health = {"at_us": now_us, "stopped": False, "healthy": False, "problems": [], "promises": [{"state": "unknown"}]}
    (one.home("region-a") / "data").mkdir(exist_ok=True)
    (one.home("region-a") / "data/health.json").write_text(json.dumps(health))
    (line,) = [line for line in lines(read_operator(one.file)) if line.actor == "region-a"]
    assert (line.well, [problem["en"] for problem in line.problems]) == (
        False,
        ["Nothing is known to be wrong, but not all is checked yet."],
    )


def test_status_counts_what_an_actor_owes_and_what_it_blocks(one) -> None:
    from bavn.actor.door.conversations.case_book import CaseBook
    from bavn.actor.protect import state
    from bavn.wire.book import Book

    part = {
        "tasks": [
            {"task_id": "0" * 16, "state": "open", "acknowledge_us": 1, "applies_us": 1, "done_us": 2**60},
        ]
    }
    with Book(one.home("region-a") / "data/node.db") as book:
        CaseBook(book)
        with book.transaction() as tx:
            tx.execute("INSERT INTO door_case VALUES ('case-1', 1, 'open', ?, 1, 1)", (json.dumps(part),))
            tx.execute(state.SCHEMA[0])
            tx.execute(
                "INSERT INTO protect_item VALUES ('i', 1, 'domain', 'evil.example', 'block', 'wanted', '', '', ?, 1, 0,"
                " '', '', '', NULL, '')",
                (2**60,),
            )
            tx.execute("CREATE TABLE protect_note (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    found = {line.actor: line for line in lines(read_operator(one.file))}
    assert (found["region-a"].blocks, found["region-a"].due, found["region-a"].overdue) == (1, 3, 2)
    assert (found["region-b"].blocks, found["region-b"].due) == (0, 0)
    said = one.command("remove", "region-a", code=9)
    assert "1 block of region-a is in force" in said
    assert one.home("region-a").exists()


@pytest.mark.parametrize(
    "text",
    [
        'folder = "../region-b/data"\n',
        'folder = "."\n',
        'folder = "/var/lib/elsewhere"\n',
        '[enforce]\nlist_folder = "../region-b/lists"\n',
        '[sense]\neve_file = "../region-b/eve.json"\n',
        '[sense]\nlog_files = ["unbound:../region-b/log"]\n',
        "[node_]\n",
        'group_key_file = "../region-b/group.key"\n',
        'policy_file = "../../operator.toml"\n',
        '[sense]\nrule_files = ["../register.json"]\n',
    ],
)
def test_no_setting_reaches_into_anothers_folder(one, text) -> None:
    written(one, "region-a", text)
    with pytest.raises(SettingsError):
        home_of(read_operator(one.file), "region-a")


def test_no_link_is_followed_into_anothers_folder(one) -> None:
    operator = read_operator(one.file)
    (one.home("region-a") / "way").symlink_to(one.home("region-b"))
    written(one, "region-a", '[sense]\neve_file = "way/eve.json"\n')
    with pytest.raises(SettingsError, match="not this actor's"):
        home_of(operator, "region-a")
    (one.home("region-a") / "node.toml").unlink()
    (one.home("region-a") / "node.toml").symlink_to(one.home("region-b") / "node.toml")
    with pytest.raises(SettingsError, match="is a link"):
        home_of(operator, "region-a")
    assert "is a link" in next(line.why for line in lines(operator) if line.actor == "region-a")


def test_another_actors_configuration_is_refused(one) -> None:
    (one.home("region-a") / "node.toml").write_text('[node]\nactor = "region-b"\n')
    with pytest.raises(SettingsError, match="the folder of 'region-a'"):
        home_of(read_operator(one.file), "region-a")


def test_the_fence_lets_a_node_write_its_data_and_never_its_settings(one) -> None:
    written(one, "region-a", '[enforce]\nlist_folder = "lists"\n')
    operator = read_operator(one.file)
    fence = fence_of(operator, home_of(operator, "region-a"))
    home = one.home("region-a").resolve()
    inside = [path for path in fence.writes if home in (path, *path.parents)]
    assert sorted(path.name for path in inside) == ["data", "lists", "tmp"]
    assert fence.reads == (home,)
    assert operator.file in fence.hidden


def test_around_leaves_out_what_is_hidden_and_nothing_else(tmp_path) -> None:
    for name in ("a/b/hidden/x", "a/b/shown", "a/c", "d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a/b/hidden")
    found = set(around((tmp_path / "a/b/hidden",), tmp_path))
    assert found == {tmp_path / "a/b/shown", tmp_path / "a/c", tmp_path / "d"}


def test_who_cannot_be_added_and_why(one) -> None:
    config = str(one.home("region-a") / "node.toml")
    assert "here already" in one.command("add", "region-a", "--config", config, code=9)
    assert "no actor can be called" in one.command("add", "centre", "--config", config, code=2)
    assert "folder of the operator's own" in one.command("add", "removed", "--config", config, code=2)
    assert "give --config" in one.command("add", "region-c", code=2)
    assert "actor is 'region-a'" in one.command("add", "region-c", "--config", config, code=4)
    assert not one.home("region-c").exists()
    assert "no actor is called" in one.command("remove", "nobody-here", code=8)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose")
def test_each_actor_has_a_user_of_its_own_or_none(one) -> None:
    register = Register(read_operator(one.file).folder)
    assert user_of("", register) == (None, None)
    assert user_of("61007", register) == (61007, 61007)
    register.put(Entry(actor="region-a", uid=61007, gid=61007))
    for user, code in (
        ("61007", Exit.USAGE),
        ("0", Exit.USAGE),
        ("root", Exit.USAGE),
        ("no-such-user", Exit.NOT_FOUND),
    ):
        with pytest.raises(Stop) as stopped:
            user_of(user, register)
        assert stopped.value.code == code


def test_an_operator_takes_no_more_actors_than_it_may(operated) -> None:
    made = operated("few", actors_max=1)
    made.add("region-a")
    config = made.home("region-a") / "node.toml"
    given = made.folder / "b.toml"
    given.write_text(config.read_text().replace("region-a", "region-b"))
    assert "no room for more" in made.command("add", "region-b", "--config", str(given), code=9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[operator]\n", "name must be"),
        ('[operator]\nname = "it"\nfolder = "."\n', "one of its own"),
        ('[operator]\nname = "it"\npin = "zz"\n', "64 hexadecimal"),
        ("[other]\n", "only table"),
        ('[operator]\nname = "it"\nback_off_s = 10\nback_off_s_max = 5\n', "at least back_off_s"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(tmp_path, text, words) -> None:
    (tmp_path / "operator.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        read_operator(tmp_path / "operator.toml")


def test_an_entry_goes_only_where_its_life_goes(tmp_path) -> None:
    register = Register(tmp_path)
    register.put(Entry(actor="region-a"))
    with pytest.raises(Stop, match="cannot become moved"):
        register.put(Entry(actor="region-a", place=Place.MOVED))
    register.put(Entry(actor="region-a", place=Place.LEAVING))
    register.put(Entry(actor="region-a", place=Place.MOVED))
    with pytest.raises(Stop, match="cannot become here"):
        register.put(Entry(actor="region-a", place=Place.HERE))
    (tmp_path / "register.json").write_text("{")
    with pytest.raises(Stop, match="damaged"):
        register.entries()


def test_a_node_that_keeps_ending_waits_ever_longer_and_a_steady_one_does_not() -> None:
    waiting = Waiting(OperatorTable(name="it", back_off_s=2, back_off_s_max=10, steady_s=60))
    assert [waiting.ended(100.0, 1.0) for _ in range(4)] == [2, 4, 8, 10]
    assert waiting.next_s == 110.0
    assert waiting.ended(500.0, 61.0) == 2


def test_what_a_node_says_cannot_steer_a_terminal() -> None:
    assert printable("up\x1b[2Jæ\r\u202eevil") == "up?[2Jæ??evil"


def test_a_flood_of_output_without_a_line_is_cut_and_passed_on(one, monkeypatch) -> None:
    """A node that writes without end fills no memory: what it holds back is bounded."""
    said = []
    running = Operator(read_operator(one.file), said.append)
    monkeypatch.setattr(supervise.confined, "plan", lambda *_: "x")
    real = supervise.subprocess.Popen
    loud = [sys.executable, "-c", "import sys; sys.stdout.write('y' * 300_000)"]
    monkeypatch.setattr(supervise.subprocess, "Popen", lambda _, **given: real(loud, **given))
    running._looked_s = 1.0
    running._look()
    kept = running.kept["region-a"]
    try:
        for _ in range(200):
            running._listen(0.05)
            assert len(kept.part) <= supervise.LINE_BYTES_MAX
            if kept.process is not None and kept.process.poll() is not None:
                break
    finally:
        running._end_all()
    assert any(line.startswith("[region-a] yyyy") for line in said)
    assert max(map(len, said)) < 5000
