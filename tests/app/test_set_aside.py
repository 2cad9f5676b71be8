"""`bavn centre set-aside`: what could not be worked off is listed, tried again, or given up."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.centre.parts import BOOK_FILE
from bavn.app.cli.centre.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.centre.inbox.aside import TRIES_MAX, SetAside
from bavn.centre.inbox.inbox import SCHEMA
from bavn.wire.book import Book


@pytest.fixture
def asked(tmp_path):
    config = tmp_path / "centre.toml"
    config.write_text('[place]\nfolder = "."\n')

    def ask(*arguments):
        return CliRunner().invoke(app, ["set-aside", "--config", str(config), *arguments])

    ask.book = tmp_path / BOOK_FILE
    return ask


def test_what_is_set_aside_is_listed_tried_again_and_given_up(asked) -> None:
    assert asked().exception.code is Exit.NOT_FOUND
    with Book(asked.book) as book:
        book.part("inbox", 1, SCHEMA)
        with book.transaction() as tx:
            for number in (1, 2, 3):
                row = (number, "north", "north", number, "x", "Report", "A", 1_000_000, 3, b"abc")
                tx.execute(f"INSERT INTO inbox VALUES ({', '.join('?' * 10)}, NULL, NULL)", row)
        aside = SetAside(book, SystemClock())
        for number in (1, 2):
            for _ in range(TRIES_MAX):
                aside.failed(number, RuntimeError("x"))
    assert "1  Report from north" in asked().output
    assert "1  Report fra north" in asked("--language", "da").output
    (first, second) = [json.loads(line) for line in asked("--json").output.splitlines()]
    assert (first["number"], first["error"], second["number"]) == (1, "RuntimeError", 2)
    assert asked("--retry", "1", "--drop", "2").output.startswith("No message is set aside")
    with Book(asked.book) as book:
        assert SetAside(book, SystemClock()).waiting(9) == [(1, "Report"), (3, "Report")]
        assert book.rows("SELECT body FROM inbox ORDER BY number") == [(b"abc",), (None,), (b"abc",)]
    wrong = asked("--retry", "3").exception
    assert isinstance(wrong, Stop)
    assert wrong.code is Exit.NOT_FOUND
