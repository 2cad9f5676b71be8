"""`gates` at a node, a centre and a key holder: what is shut is shown, and a person opens it."""

import json

import pytest
import typer
from typer.testing import CliRunner

from bavn.app.cli import gates
from bavn.app.cli.main import app
from bavn.app.process.exits import Stop
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.kept_book import contained
from bavn.model.outcome import Refused
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.gate import Gate, Rule
from bavn.wire.ledger import Ledger, Note


def gate(book, broken):
    def rule(item, draft):
        return 1 / 0 if broken else draft

    note = Note(kind="Health", item_id="a" * 64, peer="region-a")
    return Gate(
        "inbox",
        (Rule("slips", rule),),
        Ledger(book),
        SimClock(5),
        way="up",
        nothing=lambda: (),
        label=lambda _: note,
        follow=lambda *_: note,
    )


@pytest.mark.parametrize("side", ["node", "centre", "keyholder"])
def test_a_person_sees_what_is_shut_and_opens_it(tmp_path, side) -> None:
    file = tmp_path / "book.db"
    with Book(file, FailureFolder(None, SimClock(5))) as book:
        assert isinstance(gate(book, broken=True).offer("x"), Refused)
    again = FailureFolder(None, SimClock(6))
    with contained(Book(file), again) as book:
        assert [part.part for part in again.failing()] == ["gate inbox rule slips"], "also after a restart"
        run = CliRunner()
        small = typer.Typer()
        small.command("gates")(gates.gates_command("x.toml", lambda _: file))
        [shown] = [json.loads(line) for line in run.invoke(small, ["--json"]).stdout.splitlines()]
        assert (shown["gate"], shown["kind"], shown["peer"], shown["rule"]) == ("inbox", "Health", "region-a", "slips")
        assert "Porten inbox" in run.invoke(small, ["--language", "da"]).stdout
        assert isinstance(run.invoke(small, ["inbox"]).exception, Stop), "a gate without a kind"
        wrong = run.invoke(small, ["inbox", "Report", "--by", "Anna Berg"])
        assert isinstance(wrong.exception, Stop)
        opened = run.invoke(small, ["inbox", "Health", "--by", "Anna Berg"])
        assert opened.exit_code == 0, opened.output
        assert Ledger(book).lines()[-1].peer.endswith(("(local root)", "(local operator)")), "a typed name is a note"
        assert gate(book, broken=False).offer("x") == ()
        assert "No gate is shut" in run.invoke(small, []).stdout
        assert run.invoke(app, [side, "gates", "--help"]).exit_code == 0
