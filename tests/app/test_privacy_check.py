"""`bavn node privacy-check`: one host, name or day less, and only what rests on it leaves otherwise."""

import json

import pytest
from typer.testing import CliRunner

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.suspicions import NodeSuspicions
from bavn.app.cli.node.main import app
from bavn.app.policy import privacy_check
from bavn.app.policy.privacy_check import Chosen, compared
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable
from bavn.wire.book import Book
from tests.actor.door.conftest import NOW_US, suspicion

ONLY = Observable.of("domain", "only-by-it.net")
SHARED = suspicion(p=0.001)
ITS_OWN = suspicion(id="b" * 32, host="10.9.9.9", peer="only-by-it.net", observables=(ONLY,), p=0.001)


def check(tmp_path, chosen, suspicions=(SHARED, ITS_OWN), policy=None):
    policy = policy or DoorPolicy(join_weak=False)
    return compared("north", policy, ("10.0.0.0/8",), suspicions, chosen, NOW_US, tmp_path)


@pytest.mark.slow
def test_without_a_host_only_what_it_alone_suspected_stays_home(tmp_path) -> None:
    told = check(tmp_path, Chosen(host="10.9.9.9"))
    assert (told.suspicions, told.touched, told.same) == (2, 1, 2)
    assert [text.en for text in told.by_intent] == ["domain:only-by-it.net: a report leaves only with it"]
    assert told.else_ == ()
    assert told.uploads >= 1


@pytest.mark.slow
def test_what_two_hosts_suspect_leaves_without_either(tmp_path) -> None:
    twin = suspicion(id="c" * 32, host="10.8.8.8", p=0.001)
    told = check(tmp_path, Chosen(host="10.8.8.8"), (SHARED, twin))
    assert (told.touched, told.same, told.else_) == (1, 2, ())


@pytest.mark.slow
def test_something_that_differs_and_does_not_rest_on_it_is_said(tmp_path, monkeypatch) -> None:
    """The planted fault: a door that names what the host alone suspected under another name."""
    monkeypatch.setattr(privacy_check, "_covers", lambda *_: False)
    told = check(tmp_path, Chosen(host="10.9.9.9"))
    assert told.by_intent == ()
    assert len(told.else_) == 1


def test_a_name_and_a_day_choose_what_rests_on_them() -> None:
    day = ITS_OWN.last_us // DAY_US
    assert Chosen(name="only-by-it.net").touches(ITS_OWN)
    assert not Chosen(name="only-by-it.net").touches(SHARED)
    assert Chosen(day=day).touches(ITS_OWN)
    assert not Chosen(day=day + 2).touches(ITS_OWN)
    assert not Chosen(host="10.1.1.1").touches(ITS_OWN)


def test_it_wants_one_thing_to_leave_out(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n')
    for given in ([], ["--host", "10.0.0.1", "--day", "2026-11-01"], ["--day", "yesterday"]):
        stopped = CliRunner().invoke(app, ["privacy-check", "-c", str(file), *given]).exception
        assert isinstance(stopped, Stop)
        assert stopped.code is Exit.USAGE


@pytest.mark.slow
def test_the_command_says_it_of_the_nodes_own_book(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\nhomes = ["10.0.0.0/8"]\n')
    (tmp_path / "data").mkdir()
    now_us = SystemClock().now_us()
    its_own = suspicion(
        id="b" * 32,
        host="10.9.9.9",
        peer="x",
        observables=(ONLY,),
        p=0.001,
        first_us=now_us - 9 * HOUR_US,
        last_us=now_us,
    )
    with Book(tmp_path / "data" / "node.db") as book:
        NodeSuspicions(book).replace([its_own], now_us)
    done = CliRunner().invoke(app, ["privacy-check", "-c", str(file), "--host", "10.9.9.9", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["touched"], told["else"]) == (1, [])
    assert told["by_intent"] == ["domain:only-by-it.net: a report leaves only with it"]
