"""How a command ended is its exit code, also where a command or Ctrl-C ended it and not a return."""

import errno
import sqlite3
import sys
from contextlib import closing

import pytest
import typer

from bavn.app.cli import main
from bavn.app.process.exits import Exit, Stop


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "bavn: stopped\n"),
        (typer.Abort(), 130, "bavn: stopped\n"),
        (typer.Exit(Exit.USAGE), 2, ""),
        (Stop(Exit.NOT_FOUND, "nobody"), 8, "bavn: nobody\n"),
        (None, 0, ""),
    ],
)
def test_how_it_ended_is_the_exit_code(monkeypatch, capsys, ends, code, said) -> None:
    app = typer.Typer()

    @app.command()
    def only() -> None:
        if ends is not None:
            raise ends

    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr("sys.argv", ["bavn"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert int(ended.value.code) == code
    assert capsys.readouterr().err == said


def reached(path) -> Exception:
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT 1 FROM nothing")
    except sqlite3.OperationalError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/data"), Exit.CONFIGURATION),
        (OSError(errno.EROFS, "Read-only file system", "/x/data"), Exit.CONFIGURATION),
        (OSError(errno.ENOSPC, "No space left on device"), Exit.CONFIGURATION),
        (reached("/nowhere/node.db"), Exit.CONFIGURATION),
        (reached(":memory:"), Exit.BROKEN),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x"), Exit.BROKEN),
    ],
)
def test_what_the_operator_can_mend_is_one_line_and_no_trace(monkeypatch, capsys, caplog, fault, code) -> None:
    app = typer.Typer()

    @app.command()
    def only() -> None:
        raise fault

    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr("sys.argv", ["bavn"])
    assert main._run() == code
    assert capsys.readouterr().err.count("\n") == 1
    assert ("bavn stopped" in caplog.text) == (code is Exit.BROKEN)


@pytest.mark.parametrize("words", [[], ["node"], ["keyholder"]])
def test_without_a_command_its_help_is_the_answer(monkeypatch, capsys, words) -> None:
    monkeypatch.setattr(sys, "argv", ["bavn", *words])
    assert main._run() == Exit.USAGE
    assert capsys.readouterr().err.startswith("Usage: ")
