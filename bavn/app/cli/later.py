"""Commands by name that are imported when they are run: what `bavn node health` does not need costs it nothing.

`--help` of a group imports none of them: what each says of itself is read from its module's text, and only where that
says nothing plain is it imported. Refuses to know any command.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from bavn.app.cli.help import Command, Commands, Group
from bavn.model.text import Text


def later(
    commands: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
    others: Callable[[], Mapping[str, Callable[[], Any]]] = dict,
    sections: Mapping[Text, tuple[str, ...]] | None = None,
    front: Callable[[Any], None] | None = None,
) -> type[TyperGroup]:
    """For ``Commands(cls=...)``: a group that holds these beside the commands of its own.

    ``commands``, ``groups``: name -> ``module:attribute``, a function or a ``typer.Typer``. ``others`` is asked only
    where a name is none of them, or all are listed; it may not take the name of one of them. ``sections``: as a
    ``Group`` has them. ``front`` writes what `--help` has in the place of the list, which ``format_every`` writes then.
    """
    paths = {**commands, **(groups or {})}

    class Later(Group):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            own: dict[str, Any] = {name: (lambda made=made: made) for name, made in self.commands.items()}
            known = [(name, _reached(path)) for name, path in paths.items()]
            self.commands = _Commands(dict([*known[: len(commands)], *own.items(), *known[len(commands) :]]), others)

        def list_commands(self, ctx: Any) -> list[str]:
            del ctx
            return list(self.commands)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            if front is not None:
                front(formatter)
            else:
                self.format_every(ctx, formatter)

        def format_every(self, ctx: Any, formatter: Any) -> None:
            said = {name: said_in(paths[name]) if name in paths else None for name in self.commands}
            listed = {name: Command(name, help=words) if words else self.commands[name] for name, words in said.items()}
            shown = Group(commands=listed)
            shown.sections = sections or {}
            shown.format_commands(ctx, formatter)

    return Later


def commands_in(package: str, modules: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The functions of these modules as commands, each by its name: ``hand_over`` is ``hand-over``, ``import_`` is
    ``import``."""
    named = [(f"{package}.{module}", function) for module, functions in modules.items() for function in functions]
    return {function.strip("_").replace("_", "-"): f"{module}:{function}" for module, function in named}


def said_in(path: str) -> str | None:
    """What the command or group at ``module:attribute`` says of itself: a function's docstring, or the plain ``help=``
    of the call that makes it. None where it stands in no such place."""
    module, _, attribute = path.partition(":")
    for node in _tree(module).body:
        match node:
            case ast.FunctionDef(name=name) if name == attribute:
                return ast.get_docstring(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(keywords=given)) if name == attribute:
                said = [one.value for one in given if one.arg == "help"]
                return str(said[0].value) if said and isinstance(said[0], ast.Constant) else None
    return None


@cache
def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    source = getattr(spec.loader, "get_source", None) if spec is not None else None
    return ast.parse((source and source(module)) or "")


class _Commands(MutableMapping[str, Any]):
    """Name -> command, made when it is asked for."""

    def __init__(
        self, known: dict[str, Callable[[], Any]], others: Callable[[], Mapping[str, Callable[[], Any]]]
    ) -> None:
        self._known = known
        self._others = others
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            reach = self._known[name] if name in self._known else self._others()[name]
            self._made[name] = _command(name, reach())
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._known[name] = lambda: command

    def __delitem__(self, name: str) -> None:
        self._made.pop(name, None)
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._known
        yield from (name for name in self._others() if name not in self._known)

    def __len__(self) -> int:
        return len(list(iter(self)))


def _reached(path: str) -> Callable[[], Any]:
    module, _, attribute = path.partition(":")
    return lambda: getattr(import_module(module), attribute)


def _command(name: str, module: Any) -> Any:
    """What Typer makes of a function or of a group of commands, under this name."""
    if isinstance(module, typer.Typer):
        command: Any = get_group(module)
    elif callable(module) and not hasattr(module, "make_context"):
        alone = Commands()
        alone.command(name)(module)
        command = get_command(alone)
    else:
        return module
    command.name = name
    return command
