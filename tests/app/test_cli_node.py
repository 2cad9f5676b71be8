"""What a person asks of a running node on the command line is left in its book; what makes no sense is refused."""

import json
import logging
import os
import socket

import pytest

from bavn.actor.protect.state import Item, State
from bavn.actor.protect.wishes import wishes
from bavn.actor.store.columns import ColumnStore
from bavn.app.cli.node import app
from bavn.app.exits import Exit, Stop
from bavn.app.node_service import Complaints
from bavn.wire.book import Book
from tests.people import Runner as CliRunner

KNOWN = "indicator--00000000-0000-5000-8000-000000000001"


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    with Book(tmp_path / "data/node.db") as book:
        State(book).keep(
            Item(
                indicator_id=KNOWN, version=1, bundle="{}", type="domain", value="evil-c2.com", act="block",
                standing="waiting", rule="person", reason="asked first", until_us=1, decided_us=0,
            )
        )  # fmt: skip
    return file


def left(config):
    with Book(config.parent / "data/node.db") as book:
        return [(wish.act, wish.indicator_id, wish.by) for wish in wishes(book)]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["approve", KNOWN], ("approve", KNOWN, "anna")),
        (["lift", KNOWN], ("lift", KNOWN, "anna")),
        (["kill-switch", "on"], ("kill", "", "anna")),
        (["kill-switch", "off"], ("revive", "", "anna")),
    ],
)
def test_a_wish_is_left_for_the_running_node(config, words, wish) -> None:
    (config.parent / "data" / "health.json").write_text(json.dumps({"stopped": False, "pid": os.getpid()}))
    done = CliRunner().invoke(app, [*words, "--config", str(config), "--by", "anna"])
    assert done.exit_code == 0, done.output
    assert "next step" in done.output
    assert left(config) == [wish]


@pytest.mark.parametrize("act", ["approve", "lift"])
def test_an_indicator_that_nobody_knows_is_one_clear_error(config, act) -> None:
    done = CliRunner().invoke(app, [act, "indicator--nobody", "--config", str(config)])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.NOT_FOUND
    assert left(config) == []


def test_the_kill_switch_has_two_positions(config) -> None:
    assert CliRunner().invoke(app, ["kill-switch", "maybe", "--config", str(config)]).exit_code == 2
    assert left(config) == []


@pytest.mark.parametrize(
    ("pin", "token", "named"),
    [("00ff", "t" * 43, "--pin"), ("æ" * 64, "t" * 43, "--pin"), ("0" * 64, "wrong", "--token")],
)
def test_a_mistyped_pin_or_token_is_one_clear_error_and_is_not_repeated(config, pin, token, named) -> None:
    done = CliRunner().invoke(app, ["enrol", "--config", str(config), "--pin", pin, "--token", token])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.USAGE
    assert named in str(done.exception)
    assert token not in str(done.exception)


def test_what_is_no_observable_is_told_the_types(config) -> None:
    done = CliRunner().invoke(app, ["veto", "nonsense", "--config", str(config)])
    assert isinstance(done.exception, Stop)
    assert "ip4, ip6, domain" in str(done.exception)


def test_a_second_node_on_the_same_folder_is_one_clear_error(config) -> None:
    folder = config.parent / "data/store"
    with ColumnStore.open(folder):
        config.write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
        done = CliRunner().invoke(app, ["run", "--config", str(config)])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.NOT_NOW


@pytest.mark.parametrize("listen", ["127.0.0.1:PORT", "127.0.0.1:many", "192.0.2.1:0"])
def test_a_list_that_cannot_be_served_is_one_clear_error(config, listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = listen.replace("PORT", str(taken.getsockname()[1]))
        config.write_text(f'[node]\nactor = "north"\n[enforce]\nlist_folder = "lists"\nlist_listen = "{listen}"\n')
        done = CliRunner().invoke(app, ["run", "--config", str(config)])
    assert isinstance(done.exception, Stop), done.exception
    assert done.exception.code is Exit.CONFIGURATION
    assert listen in str(done.exception)


def test_a_broken_source_is_said_once_a_minute(caplog) -> None:
    now = 0.0
    complaints = Complaints(lambda: now)
    with caplog.at_level(logging.ERROR):
        for line in ("gone", "gone", "gone", "other", "other"):
            complaints.say(line)
        now = 61.0
        complaints.say("other")
    assert caplog.messages == ["gone", "other", "other"]


@pytest.fixture
def blocking(config):
    """A node that has died with one name and one address in force in its lists."""
    config.write_text('[node]\nactor = "north"\n[enforce]\nlist_folder = "lists"\n')
    (config.parent / "lists").mkdir()
    with Book(config.parent / "data/node.db") as book:
        for n, (kind, value) in enumerate(
            (("domain", "evil-c2.com"), ("domain", "evil-c2.com"), ("ip4", "203.0.114.9"))
        ):
            State(book).keep(
                Item(
                    indicator_id=f"indicator--00000000-0000-4000-8000-00000000000{n}", version=1, bundle="{}",
                    type=kind, value=value, act="block", standing="wanted", rule="", reason="", until_us=2**52,
                    decided_us=0,
                )
            )  # fmt: skip
    (config.parent / "lists/domain.txt").write_text("evil-c2.com\n")
    (config.parent / "lists/ip.txt").write_text("203.0.114.9\n")
    return config


@pytest.mark.parametrize("health", [None, {"stopped": True, "pid": 1}, {"stopped": False, "pid": 2**30}, {}])
def test_a_lift_takes_effect_at_once_where_the_node_has_died(blocking, health) -> None:
    if health is not None:
        (blocking.parent / "data/health.json").write_text(json.dumps(health))
    words = ["lift", "indicator--00000000-0000-4000-8000-000000000000", "--config", str(blocking), "--by", "anna"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "told from here" in done.output
    assert (blocking.parent / "lists/domain.txt").read_text() == ""
    assert (blocking.parent / "lists/ip.txt").read_text() == "203.0.114.9\n"
    assert left(blocking) == []
    assert isinstance(CliRunner().invoke(app, words).exception, Stop)  # it is lifted already


def test_the_kill_switch_takes_effect_at_once_where_the_node_has_died(blocking) -> None:
    done = CliRunner().invoke(app, ["kill-switch", "on", "--config", str(blocking), "--by", "anna"])
    assert done.exit_code == 0, done.output
    assert [(blocking.parent / f"lists/{name}.txt").read_text() for name in ("domain", "ip")] == ["", ""]
    with Book(blocking.parent / "data/node.db") as book:
        assert State(book).note("kill_switch") == "on"
        assert len(list(State(book).items("wanted"))) == 3


def test_an_enforcer_that_could_not_be_told_is_said(blocking) -> None:
    (blocking.parent / "lists/domain.txt.new").mkdir()
    done = CliRunner().invoke(app, ["kill-switch", "on", "--config", str(blocking), "--by", "anna"])
    assert isinstance(done.exception, Stop)
    assert done.exception.code is Exit.NOT_NOW
    assert "textlist" in str(done.exception)
