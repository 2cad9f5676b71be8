"""What an actor was asked to name, and taking it back, from the command line in both languages."""

import json
import re

import pytest

from bavn.actor.door.rounds.reveals import Reveals
from bavn.actor.door.state import State
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.model.observable import Observable
from bavn.wire.book import Book
from tests.people import Runner as CliRunner

NAMED, KEPT = Observable.of("domain", "evil-c2.com"), Observable.of("ip4", "185.1.2.3")


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    (tmp_path / "data").mkdir()
    Book(tmp_path / "data/node.db").close()
    return file


@pytest.fixture
def asked(config):
    with Book(config.parent / "data/node.db") as book:
        kept = Reveals(book)
        for others in (1, 2, 1):
            kept.note("ab" * 16, "A", NAMED, others, "", 1_700_000_000_000_000)
        kept.note("ab" * 16, "A", KEPT, 4, "reveal_mode", 1_700_000_001_000_000)
        State(book, bytes(32)).set_override(KEPT, "asked", "door", 1_700_000_001_000_000)
    return config


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    got = done.exception.code if isinstance(done.exception, Stop) else done.exit_code
    assert got == code, (done.output, done.exception)
    return done


def test_where_nothing_was_asked_it_is_said(config) -> None:
    assert "nothing yet" in run(config, "reveals").stdout
    assert "endnu ikke" in run(config, "reveals", "--language", "da").stdout
    assert run(config, "reveals", "--json").stdout == ""


def test_who_asked_what_and_what_was_answered_is_shown(asked) -> None:
    english, danish = run(asked, "reveals").stdout, run(asked, "reveals", "--language", "da").stdout
    assert len(re.findall(rf"{KEPT.value} +4 +1 ", english)) == 1
    assert len(re.findall(r"evil-c2.com +2 +3 ", english)) == 1
    assert "named to the centre" in english
    assert "waits for a person" in english
    assert "oplyst til analysecentret" in danish
    rows = [json.loads(line) for line in run(asked, "reveals", "--json").stdout.splitlines()]
    assert [(row["what"], row["element"]) for row in rows] == [
        ("reveal", str(KEPT)),
        *[("reveal", str(NAMED))] * 3,
        ("waits", str(KEPT)),
    ]
    assert [row.get("named") for row in rows] == [False, True, True, True, None]


def test_what_was_named_can_be_taken_back_and_what_was_not_cannot(asked) -> None:
    back = run(asked, "withdraw", str(NAMED), "--by", "anna", "--language", "da").stdout
    assert "skal trækkes tilbage. Noden kører ikke: dette venter" in back, back
    lifted = run(asked, "veto", str(NAMED), "--lift", "--by", "anna", "--language", "da").stdout
    assert "politikken alene afgør det igen" in lifted, lifted
    run(asked, "withdraw", str(KEPT), "--by", "anna", code=Exit.NOT_FOUND)
    run(asked, "withdraw", "shoe:7", "--by", "anna", code=Exit.USAGE)
    with Book(asked.parent / "data/node.db") as book:
        assert [(one.observable, one.by) for one in Reveals(book).waiting()] == [(NAMED, "anna")]
    assert "waits for the running node (anna)" in " ".join(run(asked, "reveals").stdout.split())


def test_the_budget_of_counts_is_shown_and_a_broken_one_is_said(config) -> None:
    from bavn.actor.door.budget import Budget
    from bavn.app.process.real import SystemClock
    from bavn.model.moment import DAY_US
    from bavn.wire.ledger import Ledger, Note

    day = SystemClock().now_us() // DAY_US - 1
    with Book(config.parent / "data/node.db") as book:
        ledger = Ledger(book)
        budget = Budget(ledger)
        ledger.append(1, "door", "out", Note(kind="Counts", item_id="a" * 64, peer="centre", privacy="S3"))
        budget.spend(day, 700, "a" * 64)
    shown = json.loads(run(config, "counts", "--json").stdout)
    assert (shown["spent"], shown["budget"], shown["holds"], len(shown["told"])) == (0.7, 30.0, True, 1)
    assert "0.70 of 30.00" in run(config, "counts").stdout
    assert "0,70 af 30,00" in run(config, "counts", "--language", "da").stdout
    with Book(config.parent / "data/node.db") as book, book.transaction() as tx:
        tx.execute("DROP TRIGGER door_budget_no_delete")
        tx.execute("DELETE FROM door_budget")
    run(config, "counts", code=Exit.BROKEN)
