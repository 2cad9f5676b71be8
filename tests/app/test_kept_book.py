"""A book, a database or a store that is deleted or replaced under a service, or gone at its start, is told at once."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from bavn.app.centre.health import CENTRE_HEALTH_FILE, watched_centre
from bavn.app.centre.parts import build as build_centre
from bavn.app.centre.parts import init as init_centre
from bavn.app.cli.main import app
from bavn.app.config.load import read_centre, read_keyholder, read_node
from bavn.app.keyholder.health import KEYHOLDER_HEALTH_FILE, TidyWatch, watched_keyholder
from bavn.app.keyholder.parts import build as build_keyholder
from bavn.app.keyholder.parts import init as init_keyholder
from bavn.app.net.party_clock import PartyClock
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.psi import oprf
from bavn.wire.book import Book
from bavn.wire.keyholder import Batch, PartAsked
from tests.keyholder.conftest import params
from tests.older_copy import copy_of_an_hour_ago, put_back
from tests.psi.conftest import SeededDice

POINTS = [oprf.random_point(dice) for dice in [SeededDice("put back")] for _ in range(101)]
NODE = '[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n[health]\ndisk_free_mb_min = 0\n'


class Node:
    def __init__(self, folder):
        self.config, self.folder = folder / "node.toml", folder / "data"
        self.config.write_text(NODE)
        (folder / "eve.json").touch()

    def broken(self, turn):
        """What is broken as of a turn; files are taken away before its health is looked at."""
        parts = build(read_node(self.config))
        try:
            parts.monitor.look()
            parts.recorder.checks.chain.turn()
            turn()
            parts.recorder.step()
            file = self.folder / HEALTH_FILE
            return _broken(json.loads(file.read_text())) if file.exists() else {}, parts.recorder.standing()
        finally:
            parts.close()


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def _broken(told):
    return {one["code"]: one["affected"]["en"] for one in told["promises"] if one["state"] == "broken"}


def without(folder, name):
    """Deletes a database with what SQLite keeps beside it."""
    for file in folder.glob(f"{name}*"):
        file.unlink()


def asked(*words):
    return CliRunner().invoke(app, words)


def replaced(folder):
    without(folder, "node.db")
    Book(folder / "node.db").close()


@pytest.mark.parametrize(
    ("fault", "promise", "says"),
    [
        (lambda folder: without(folder, "node.db"), "ledger_whole", "node.db was deleted while it was in use"),
        (replaced, "ledger_whole", "node.db was replaced while it was in use"),
        (lambda folder: without(folder / "store", "manifest.sqlite"), "store_whole", "manifest.sqlite was deleted"),
        (lambda folder: shutil.rmtree(folder / "store"), "store_whole", "store was deleted while it was in use"),
    ],
)
def test_what_is_taken_away_under_a_running_node_is_told_at_its_next_step(node, fault, promise, says) -> None:
    broken, _ = node.broken(lambda: fault(node.folder))
    assert list(broken) == [promise]
    assert says in broken[promise]


def test_a_node_whose_whole_folder_is_deleted_under_it_says_so(node) -> None:
    _, standing = node.broken(lambda: shutil.rmtree(node.folder))
    assert {one.code for one in standing} >= {"book_lost", "store_damaged"}


def test_a_new_book_beside_a_store_is_a_loss_until_a_person_says_otherwise(node) -> None:
    config = ("--config", str(node.config))
    assert node.broken(lambda: None)[0] == {}, "the first start is none"
    without(node.folder, "node.db")
    for _ in range(2):  # it stays said, over restarts
        broken, _ = node.broken(lambda: None)
        assert list(broken) == ["ledger_whole"]
        assert "the book was lost and began anew" in broken["ledger_whole"]
    verified = asked("node", "ledger", "--verify", *config)
    assert verified.exit_code == Exit.BROKEN
    assert "the chain holds" not in verified.output
    assert "began anew" in asked("node", "gates", *config).output
    assert asked("node", "gates", "book", "book", "--by", "anna", *config).exit_code == Exit.OK
    verified = asked("node", "ledger", "--verify", *config)
    assert (verified.exit_code, "the chain holds" in verified.output) == (Exit.OK, True)
    assert "GateOpened" in verified.output
    assert node.broken(lambda: None)[0] == {}


def centre_told(config):
    file = read_centre(config)
    with build_centre(file) as parts:
        with watched_centre(file, parts, parts.steps) as health:
            health._ended.set()
            health._thread.join()
            yield file.folder
            health.step()
            yield _broken(json.loads((file.folder / CENTRE_HEALTH_FILE).read_text()))
        for _, taken in parts.server._served:
            taken.close()


def keyholder_told(config):
    file = read_keyholder(config)
    server, book = build_keyholder(file)
    with book, watched_keyholder(file, book, TidyWatch()) as health:
        health._ended.set()
        health._thread.join()
        yield file.folder
        health.step()
        yield _broken(json.loads((file.folder / KEYHOLDER_HEALTH_FILE).read_text()))
        server.close()


@pytest.fixture(params=["centre", "keyholder"])
def service(request, tmp_path):
    config = tmp_path / f"{request.param}.toml"
    config.write_text("[place]\nport = 0\n")
    if request.param == "centre":
        init_centre(read_centre(config))
        return config, centre_told, "centre.db", "centre-book.db"
    init_keyholder(read_keyholder(config))
    return config, keyholder_told, "members.db", "keyholder.db"


def step(told, config, fault):
    turn = told(config)
    fault(next(turn))
    broken = next(turn)
    list(turn)
    return broken


def nothing(_folder):
    """The service runs as ever."""


def test_a_database_or_book_that_is_deleted_under_a_centre_or_key_holder_is_told(service) -> None:
    config, told, database, book = service
    assert "ledger_whole" not in step(told, config, nothing)
    broken = step(told, config, lambda folder: without(folder, database))
    assert f"{database} was deleted while it was in use" in broken["ledger_whole"]
    broken = step(told, config, nothing)
    assert f"is new, and {book} is not" in broken["ledger_whole"], "and at the next start"
    role = config.stem
    assert asked(role, "ledger", "--verify", "-c", str(config)).exit_code == Exit.BROKEN
    assert asked(role, "gates", "book", "book", "-c", str(config)).exit_code == Exit.OK
    assert "ledger_whole" not in step(told, config, nothing)
    broken = step(told, config, lambda folder: without(folder, book))
    assert f"{book} was deleted while it was in use" in broken["ledger_whole"]


def test_a_key_holder_whose_book_is_gone_at_its_start_says_so(holder) -> None:
    step(keyholder_told, holder, lambda folder: without(folder, "keyholder.db"))
    assert "keyholder.db is new, and shares is not" in step(keyholder_told, holder, nothing)["ledger_whole"]


@pytest.fixture
def holder(tmp_path):
    config = tmp_path / "keyholder.toml"
    config.write_text("[place]\nport = 0\n")
    init_keyholder(read_keyholder(config))
    return config


def joined(config, number=0):
    """What a started key holder answers a member who asks for a whole set."""
    server, book = build_keyholder(read_keyholder(config))
    with book:
        now = PartyClock(read_keyholder(config).folder).now_us()
        server.threshold.making.step()
        keys = server.threshold.shares.public(now // DAY_US, "A")
        batch = Batch(params(number, epoch=now // DAY_US), tuple(POINTS))
        answer = server._holder.part("north", PartAsked.to(batch, (1,), *keys))
        server.close()
    return answer


def test_a_key_holder_whose_book_was_put_back_gives_no_quota_of_that_day_again(holder) -> None:
    folder = read_keyholder(holder).folder
    assert not isinstance(joined(holder), Refused)
    older = copy_of_an_hour_ago(folder / "keyholder.db")
    assert not isinstance(joined(holder, 1), Refused), "a restart alone costs nothing"
    put_back(older, folder / "keyholder.db")
    for number in (2, 3):  # over restarts, and after a person was told
        answer = joined(holder, number)
        assert (answer.rule, "quotas start again tomorrow" in answer.reason.en) == ("quota", True)
        told = step(keyholder_told, holder, nothing).get("ledger_whole", "")
        assert ("quotas start again tomorrow" in told) is (number == 2)
        asked("keyholder", "gates", "book", "book", "-c", str(holder))
    assert asked("keyholder", "ledger", "--verify", "-c", str(holder)).exit_code == Exit.OK


def test_a_key_holder_that_lost_its_book_gives_no_quota_of_that_day_again(holder) -> None:
    assert not isinstance(joined(holder), Refused)
    without(read_keyholder(holder).folder, "keyholder.db")
    assert joined(holder, 1).rule == "quota"


def test_whichever_command_opens_an_older_copy_first_the_service_notices_it(holder) -> None:
    file = read_keyholder(holder).folder / "keyholder.db"
    joined(holder)
    put_back(copy_of_an_hour_ago(file), file)
    Book(file).close()
    assert joined(holder, 1).rule == "quota"
