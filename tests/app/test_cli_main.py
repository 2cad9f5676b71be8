"""How a command ended is its exit code, also where a command or Ctrl-C ended it and not a return."""

import errno
import os
import sqlite3
import sys
from contextlib import closing

import pytest
import typer

from bavn import __version__
from bavn.app.cli import main
from bavn.app.cli.language import language_asked
from bavn.app.cli.ledger import EMPTY
from bavn.app.cli.node.book import show_table
from bavn.app.process.exits import PAGES, Exit, Stop, cannot_write, why_of
from bavn.model.text import Text


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


def ended(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["bavn", *words])
    code = main._run()
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_version_is_an_option_too_and_a_word_that_is_no_command_gets_the_nearest(monkeypatch, capsys) -> None:
    assert ended(monkeypatch, capsys, "--version") == (0, f"{__version__}\n", "")
    code, _, error = ended(monkeypatch, capsys, "node", "helth")
    assert (code, "'health'" in error) == (Exit.USAGE, True)


@pytest.mark.parametrize("words", [("exit-code", "3", "--language", "xx"), ("exit-code", "3")])
def test_an_unknown_language_is_answered_with_those_there_are(monkeypatch, capsys, words) -> None:
    if "--language" not in words:
        monkeypatch.setenv("BAVN_LANGUAGE", "xx")
    assert ended(monkeypatch, capsys, *words) == (Exit.USAGE, "", "bavn: --language: Bavn speaks en, da\n")


def test_an_exit_code_is_explained_in_one_language(monkeypatch, capsys) -> None:
    page = PAGES[Exit.MISSING]
    assert ended(monkeypatch, capsys, "exit-code", "3")[1].splitlines()[1:] == [f"     {page.do.en}"]
    assert page.do.da in ended(monkeypatch, capsys, "exit-code", "3", "--language", "da")[1]


@pytest.mark.parametrize(
    ("words", "environ", "language"),
    [
        ((), {}, "en"),
        ((), {"LANG": "da_DK.UTF-8"}, "da"),
        ((), {"LANG": "da_DK.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ((), {"LANG": "da_DK.UTF-8", "BAVN_LANGUAGE": "en"}, "en"),
        (("node", "--language", "da"), {"BAVN_LANGUAGE": "en"}, "da"),
        (("node", "--language=da"), {}, "da"),
        (("--language", "en", "node", "health", "--language", "da"), {}, "da"),
        ((), {"LANG": "tlh"}, "en"),
    ],
)
def test_what_is_wrong_is_said_in_the_language_that_was_asked_for(words, environ, language) -> None:
    assert language_asked(words, environ) == language


def test_an_error_line_is_in_the_language_of_the_command(monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "hospital"\n')
    _, _, error = ended(
        monkeypatch, capsys, "node", "health", "--config", str(tmp_path / "node.toml"), "--language", "da"
    )
    assert error == (
        f"bavn: {tmp_path / 'data' / 'health.json'} findes ikke endnu: noden har aldrig kørt eller er lige "
        "startet; vent nogle sekunder, eller start med `bavn node run`\n"
    )


def test_an_empty_list_says_so_and_what_next(capsys) -> None:
    show_table(("id",), [], "da")
    assert capsys.readouterr().out == "intet endnu\n"
    show_table(("id",), [], nothing=EMPTY)
    assert capsys.readouterr().out == f"{EMPTY.en}\n"


@pytest.mark.parametrize(
    ("wrong", "language", "said"),
    [
        ('actor = "A B"', "da", "actor skal være et navn på 2 til 40 tegn"),
        ('homes = ["10.0.0.0/33"]', "da", "er intet netværk som 10.0.0.0/8"),
        ("health_s = 1", "da", "[node].health_s skal være mindst 5 s, ikke 1"),
        ('health_s = "often"', "da", "[node].health_s skal være et helt tal, ikke 'often'"),
    ],
)
def test_a_mistake_in_a_configuration_is_said_in_one_language(
    monkeypatch, capsys, tmp_path, wrong, language, said
) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f"[node]\n{wrong}\n" + ("" if "actor" in wrong else 'actor = "hospital"\n'))
    told = ended(monkeypatch, capsys, "node", "health", "--config", str(file), "--language", language)
    assert (told[0], said in told[2], str(file) in told[2]) == (Exit.CONFIGURATION, True, True), told
    checked = ended(monkeypatch, capsys, "config", "check", str(file), "--language", language)
    assert said in checked[1], checked


def test_why_a_file_cannot_be_used_is_said_in_the_readers_language_too() -> None:
    refused = cannot_write("/x/y", OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert str(refused) == "/x/y cannot be written (Permission denied)"
    assert Text.of_error(refused).da == "/x/y kan ikke skrives (adgang nægtet)"
    assert why_of(OSError(errno.EXDEV, os.strerror(errno.EXDEV))).da == os.strerror(errno.EXDEV)
