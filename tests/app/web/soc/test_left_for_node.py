"""Whoever leaves something for the node hears in one way, by command and page alike, whether the node runs."""

import json
import os
import re

import pytest

from bavn.actor.door.rounds.reveals import Reveals
from bavn.app.acts.node.here import AT_NEXT_STEP, AT_START
from bavn.app.cli.node.main import app
from bavn.app.node.book_queries import book_of
from bavn.model.observable import Observable
from bavn.wire.book import Book
from tests.app.web.drawn_node import BEACON, CASE, QUESTION, TASK
from tests.app.web.soc.conftest import ANNA
from tests.app.web.soc.test_warnings import ONE as WARNING
from tests.app.web.soc.test_warnings import warned  # noqa: F401  the fixture of another file
from tests.manners.test_words import messages
from tests.people import Runner

STATES = {"running": AT_NEXT_STEP, "stopped": AT_START}


@pytest.fixture(params=STATES)
def left(request, warned):  # noqa: F811  the fixture of another file
    """(console, the node's file, the sentence that is due) of a node that runs, and of one that does not."""
    (here,) = warned.house.seen_by(ANNA)
    process = {"stopped": request.param == "stopped", "pid": os.getpid()}
    health = here.file.parent / "data" / "health.json"
    health.write_text(json.dumps({**json.loads(health.read_text()), **process}))
    return warned, here.file, STATES[request.param]


def named(file, *names):
    with Book(book_of(file)) as book:
        for name in names:
            Reveals(book).note("f" * 32, "A", Observable.of("domain", name), 1, "", 5)


@pytest.mark.slow
def test_a_page_says_when_it_is_done(left) -> None:
    console, file, due = left
    named(file, "example.com")
    answer = {"act": "applies", "task": QUESTION, "words": "two machines"}
    warning = {"version": 1, "act": "affected", "words": "one gateway"}
    for path, body in ((f"/cases/{CASE}/answers", answer), (f"/warnings/{WARNING}/answers", warning)):
        assert console.do(path, body)["when"] is None
        assert console.do(path, {**body, "send": True})["when"]["en"] == due.en
    shown = console.do(f"/cases/{CASE}/evidence", {"suspicion": BEACON, "rows": 5})
    assert shown["when"] is None
    sent = console.do(f"/cases/{CASE}/evidence", {"suspicion": BEACON, "rows": 5, "sha256": shown["sha256"]})
    assert sent["when"]["da"] == due.da
    for says in (
        console.do(f"/cases/{CASE}/nis2", {"act": "early-warning"}),
        console.do("/door/withdrawals", {"element": "domain:example.com"}, code=201),
    ):
        assert says["says"]["en"].endswith(f". {due}")


def test_a_command_says_the_same(left) -> None:
    _, file, due = left
    named(file, "example.com")

    def run(*words):
        done = Runner().invoke(app, [*words, "--config", str(file)])
        assert done.exit_code == 0, (done.output, done.exception)
        return " ".join(done.output.split())

    evidence = ("attach", BEACON, "--case", CASE, "--rows", "5")
    digest = re.search(r"--sha256 ([0-9a-f]{64})", run(*evidence))[1]
    for words in (
        ("case-answer", CASE, TASK, "done"),
        ("case-say", CASE, "Thanks"),
        ("case-nis2", CASE, "early-warning"),
        (*evidence, "--send", "--sha256", digest),
        ("warning-answer", WARNING, "acknowledge"),
        ("withdraw", "domain:example.com"),
        ("canary", "--now"),
    ):
        assert due.en in run(*words), words


def test_no_other_message_promises_a_step_of_the_node() -> None:
    found = {
        said
        for _, said in messages()
        if isinstance(said, str)
        if re.search(r"at its next step|node's next step|running node (tells|sends)", said)
    }
    assert found == {AT_NEXT_STEP.message}
