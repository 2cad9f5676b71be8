"""The page of all commands, made from the commands themselves. Refuses to describe what the program does not say."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, Final

import typer.main

HEAD: Final = """# Commands

Everything that `bavn` can be told, as `--help` says it. What is marked *needed* must be given. What a finished command
says by its exit code: [exit-codes.md](exit-codes.md). `bavn --install-completion` lets bash, zsh or fish complete what
is typed. Made from the code by `script/docs`.

## Options of many commands

Where a command has one of these, only its name stands below its table.

| option | default | what it is |
|---|---|---|
"""
SHARED_MIN: Final = 10
"""An option that so many commands have in the same words stands once, above all of them."""


def command_page() -> str:
    """All commands in the order in which `--help` lists them, each with its sentence and a row for each option."""
    from bavn.app.cli.main import app

    commands = list(_commands(typer.main.get_command(app), "bavn"))
    met = Counter(_row(option) for _, command in commands for option in _options(command))
    shared = {row for row, n in met.items() if n >= SHARED_MIN and row.startswith("| `--") and "*needed*" not in row}
    head = HEAD + "".join(sorted(shared))
    return head + "".join(_section(words, command, shared) for words, command in commands)


def _commands(at: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name, command in at.commands.items():
        if hasattr(command, "commands"):
            yield f"{words} {name}", command
            yield from _commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def _options(command: Any) -> list[Any]:
    return [] if hasattr(command, "commands") else command.params


def _section(words: str, command: Any, shared: Collection[str]) -> str:
    level = "##" if words.count(" ") == 1 else "###"
    says = re.sub(r"\s+", " ", command.help or "").strip()
    rows = "".join(row for row in map(_row, _options(command)) if row not in shared)
    table = f"\n| option | needed or default | what it is |\n|---|---|---|\n{rows}" if rows else ""
    names = [max(option.opts, key=len) for option in _options(command) if _row(option) in shared]
    also = f"\nAnd {', '.join(f'`{name}`' for name in names)}.\n" if names else ""
    return f"\n{level} `{words}`\n\n{says}\n{table}{also}"


def _row(option: Any) -> str:
    if option.param_type_name == "argument":
        name, says = f"`{option.name.upper()}`", option.help or ""
    else:
        spellings = sorted((*option.opts, *option.secondary_opts), key=lambda name: (not name.startswith("--"), name))
        name, says = ", ".join(f"`{spelling}`" for spelling in spellings), option.help or ""
    if option.required:
        default = "*needed*"
    elif option.default in (None, "", ()) or callable(option.default) or option.default is False:
        default = ""
    else:
        default = f"`{option.default}`"
    variable = f" Or the variable `{option.envvar}`." if isinstance(option.envvar, str) else ""
    return f"| {name} | {default} | {_plain(says)}{variable} |\n"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
