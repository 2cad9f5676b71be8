"""The page of all commands, made from the commands themselves. Refuses to describe what the program does not say."""

import re
from collections.abc import Iterator
from typing import Any, Final

import typer.main

HEAD: Final = """# Commands

Everything that `bavn` can be told, as `--help` says it. What is marked *needed* must be given. Every command with
`--config` reads `node.toml`, `centre.toml`, `keyholder.toml` or `operator.toml` where it is called, unless
told otherwise. What a finished command says by its exit code: [exit-codes.md](exit-codes.md).

Made from the code by `script/docs`.
"""


def command_page() -> str:
    """All commands in the order in which `--help` lists them, each with its sentence and a row for each option."""
    from bavn.app.cli.main import app

    return HEAD + "".join(_section(words, command) for words, command in _commands(typer.main.get_command(app), "bavn"))


def _commands(at: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name, command in at.commands.items():
        if hasattr(command, "commands"):
            yield f"{words} {name}", command
            yield from _commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def _section(words: str, command: Any) -> str:
    level = "##" if words.count(" ") == 1 else "###"
    says = re.sub(r"\s+", " ", command.help or "").strip()
    rows = "" if hasattr(command, "commands") else "".join(map(_row, command.params))
    table = f"\n| option | needed or default | what it is |\n|---|---|---|\n{rows}" if rows else ""
    return f"\n{level} `{words}`\n\n{says}\n{table}"


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
