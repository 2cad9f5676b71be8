"""The command line speaks of itself in the reader's language: help, and what it did not understand."""

import gettext
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from bavn.app.cli import main
from bavn.app.cli.centre import main as centre_main
from bavn.app.cli.doors import DAILY, DOORS
from bavn.app.cli.help import CONTEXT, Command, Group, sentences, wrong
from bavn.app.cli.later import said_in
from bavn.app.cli.node import main as node_main
from bavn.app.process.exits import Exit
from bavn.model import catalogue
from bavn.model.catalogue import languages
from bavn.model.text import Text

OTHERS = languages()[1:]
ROW = re.compile(r"^  (\S+(?: \S+)*)\s{2,}(\S.*)$")
BIN = Path(sys.executable).parent
TYPED_S_MAX = 60


@pytest.fixture
def said(monkeypatch, capsys):
    """What `bavn` said to these words, in the language, and its code."""

    def run(language, *words):
        monkeypatch.setattr(sys, "argv", ["bavn", *words])
        monkeypatch.setenv("BAVN_LANGUAGE", language)
        code = main._run()
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def rows(help_page):
    """Name -> words of each row of a help."""
    return dict(found.groups() for line in help_page.splitlines() if (found := ROW.match(line)))


@pytest.mark.slow
@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("group", [(), ("node",), ("node", "rules"), ("centre",), ("keyholder",)])
def test_the_help_of_a_group_is_the_same_in_each_language_but_for_the_words(said, language, group) -> None:
    english, other = (said(one, *group, "--help") for one in ("en", language))
    assert english[0] == other[0] == Exit.OK
    before, after = rows(english[1]), rows(other[1])
    assert list(before) == list(after)
    assert len(before) > 3
    assert not {name for name in before if before[name] == after[name]}
    assert not re.search(r"Usage|Options:|Commands:|OPTIONS|Show this", other[1])


@pytest.mark.parametrize("language", OTHERS)
def test_a_commands_own_help_says_what_its_options_are_in_the_language(said, language) -> None:
    english, other = (said(one, "node", "verdict", "--help")[1] for one in ("en", language))
    assert set(re.findall(r"--[a-z-]+", english)) == set(re.findall(r"--[a-z-]+", other))
    for word in ("required", "default:", "env var:", "Arguments:"):
        assert word in " ".join(english.split())
        assert word not in " ".join(other.split())


@pytest.mark.parametrize("language", OTHERS)
def test_the_language_may_be_said_before_the_command(said, language) -> None:
    assert said("en", "--language", language, "exit-code", "3") == said(language, "exit-code", "3")
    assert os.environ["BAVN_LANGUAGE"] == language
    assert said("en", "--language", language, "node", "--help") == said(language, "node", "--help")
    assert said("en", "--language", "xx", "version")[2] == "bavn: --language: Bavn speaks en, da\n"


WRONG_USE = {
    ("helth",): "No such command 'helth'.",
    ("node", "helth"): "No such command 'helth'. Did you mean 'health'?",
    ("node", "health", "--frist"): "No such option: --frist",
    ("node", "health", "--langage", "da"): "No such option: --langage (Possible options: --language)",
    ("node", "veto"): "Missing argument 'observable'.",
    ("node", "verdict", "x"): "Missing argument 'judgement': one of 'true', 'benign', 'ignore'.",
    ("node", "enrol", "--token", "x"): "Missing option '--pin'.",
    ("node", "account", "roles", "x"): "Missing option '--role': one of ",
    ("exit-code", "x"): "Invalid value for 'code': 'x' is not a whole number",
    ("exit-code", "3", "4"): "More was given than the command takes: 4",
    ("exit-code", "--language"): "Option '--language' requires an argument.",
    ("node", "ledger", "--json=yes"): "Option '--json' does not take a value.",
    ("node", "ledger", "--limit", "0"): "Invalid value for '--limit': it must be at least 1",
    (
        "node",
        "verdict",
        "x",
        "wrong",
    ): "Invalid value for 'judgement': 'wrong' is not one of 'true', 'benign', 'ignore'",
    ("--language", "{}"): "Missing command.",
}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("words", WRONG_USE)
def test_what_is_not_understood_is_one_line_in_the_language(said, words, language) -> None:
    english, other = (said(one, *(word.format(one) for word in words)) for one in ("en", language))
    assert english[0] == other[0] == Exit.USAGE
    assert english[2].startswith(f"bavn: {WRONG_USE[words]}")
    assert (english[2].count("\n"), other[2].count("\n")) == (1, 1)
    assert english[2] != other[2]
    if not english[2].startswith("bavn: --language"):
        assert all(" --help " in one[2] for one in (english, other)), "each says where the help is"
    assert not re.search(
        r"\b(such|option|argument|[Ii]nvalid|value|not|does|least|one of)\b", other[2].replace("{", "")
    )


@pytest.mark.parametrize("group", [node_main, centre_main])
def test_each_command_stands_once_under_a_title_of_the_help(said, group) -> None:
    """And what it is for is not cut, however narrow the window."""
    named = [name for names in group.SECTIONS.values() for name in names]
    commands = get_command(group.app).commands
    assert sorted(named) == sorted(commands)
    page = said("en", {node_main: "node", centre_main: "centre"}[group], "--help")[1]
    assert all(f"\n{title.en}:\n" in page for title in group.SECTIONS)
    assert list(rows(page))[1:] == named
    assert not re.search(r"\w\.\.\.$", page, re.MULTILINE)


def named(words):
    """The command of these words, from `bavn` on."""
    command = get_command(main.app)
    for word in words.removeprefix("bavn ").removesuffix(" --help").split():
        command = command.commands[word]
    return command


def test_the_first_page_has_three_doors_and_what_is_met_daily(said) -> None:
    page = said("en", "--help")[1]
    assert list(DOORS) == ["guard", "node", "centre"]
    assert page.index("Where to begin:") < page.index("Every day:") < page.index("All the rest:")
    assert all(f"First: {first}" in " ".join(page.split()) for _, first in DOORS.values())
    assert all(named(first).help for _, first in DOORS.values())
    assert all(" ".join(said_in(path).split()) == " ".join(named(words).help.split()) for words, path in DAILY.items())
    assert not {"keyholder", "audit", "config", "bench", "pilot"} & rows(page).keys()


def test_every_other_command_is_one_page_away(said) -> None:
    listed = rows(said("en", "more", "--help")[1]).keys()
    assert listed >= set(get_command(main.app).commands)
    assert said("en", "more") == said("en", "more", "--help")


def typed(shell, *lines, until):
    """What an interactive shell wrote after these were typed, up to what is waited for."""
    ours, its = pty.openpty()
    environment = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb", "HOME": os.environ["HOME"]}
    with subprocess.Popen(shell, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True) as process:
        os.close(its)
        os.write(ours, "".join(lines).encode())
        wrote, ends = "", time.monotonic() + TYPED_S_MAX
        while until not in wrote and time.monotonic() < ends:
            if select.select([ours], [], [], 1)[0]:
                wrote += os.read(ours, 4096).decode(errors="replace")
        process.kill()
    os.close(ours)
    return wrote


def completion(shell):
    """What a shell is told to complete `bavn` by."""
    environment = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    words = [BIN / "bavn", "--show-completion", shell]
    return subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.slow
def test_bash_completes_a_command(tmp_path) -> None:
    script = tmp_path / "completion.sh"
    script.write_text(completion("bash"))
    begin = f"PS1=; source {shlex.quote(str(script))}\n"
    assert "bavn node policy" in typed(["bash", "--norc", "-i"], begin, "bavn node po\t", until="bavn node policy")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_how_to_complete(shell) -> None:
    assert f"_BAVN_COMPLETE=complete_{shell}" in completion(shell)


def every(command):
    yield command
    for one in getattr(command, "commands", {}).values():
        yield from every(one)


def test_every_command_is_one_that_speaks() -> None:
    """And none is Typer's own: a group is made by `Commands`."""
    assert not [one.name for one in every(get_command(main.app)) if not isinstance(one, (Command, Group))]


@pytest.mark.slow
@pytest.mark.parametrize("language", OTHERS)
def test_no_help_is_left_in_english(language) -> None:
    """None is the same in both but for names, and none is missing: `test_words` holds that."""
    same = {one for one in sentences(get_command(main.app)) if Text.documented(one, CONTEXT).say(language) == one}
    assert not {one for one in same if re.search(r"\b(the|of|and|or|is|are|this|that|here|only)\b", one.lower())}


def test_a_language_is_read_only_where_something_is_said(said) -> None:
    catalogue._catalogue.cache_clear()
    assert said("da", "version")[0] == Exit.OK
    assert said("en", "node", "--help")[0] == Exit.OK
    assert catalogue._catalogue.cache_info().currsize == 0


def test_after_a_help_gettext_speaks_as_before(said, monkeypatch) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    said("da", "node", "--help")
    assert (os.environ["LANGUAGE"], gettext.textdomain()) == ("fr", "messages")
    monkeypatch.delenv("LANGUAGE")
    said("da", "node", "--help")
    assert "LANGUAGE" not in os.environ


def test_a_value_that_we_have_no_words_for_is_refused_in_those_of_the_library() -> None:
    assert wrong({"type": "url_parsing", "msg": "bad\x1b[2J url", "input": "x"}).en == "bad?[2J url"
    assert wrong({"type": "value_error", "msg": "", "input": 1, "ctx": {"error": ValueError(Text("day"))}}).da == "dag"


@pytest.mark.slow
def test_the_locale_of_whoever_sits_there_is_enough() -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("BAVN_LANGUAGE", "LC_ALL", "LANG")}
    done = subprocess.run(
        [sys.executable, "-m", "bavn.app.cli", "node", "veto", "--nej"],
        env=environ | {"LC_ALL": "da_DK.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        Exit.USAGE,
        "bavn: Tilvalget findes ikke: --nej (bavn node veto --help siger hvordan)\n",
    )


ABBREVIATED = re.compile(r"(?:^|\W)(?:pr|nr|kl|ca|jf|evt|osv|resp|inkl|f\.eks|t\.ex|bl\.a|d\.v\.s|m\.m|e\.g|i\.e)\.$")


@pytest.mark.parametrize("language", languages())
def test_no_short_help_ends_within_its_sentence(language, monkeypatch) -> None:
    """Typer ends it at the first word with a full stop, which may be no more than short."""
    monkeypatch.setenv("BAVN_LANGUAGE", language)
    assert not [one.name for one in every(get_command(main.app)) if ABBREVIATED.search(one.get_short_help_str(999))]
