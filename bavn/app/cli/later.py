"""Commands by name that are imported when they are run: what `bavn node health` does not need costs it nothing.

`--help` imports one level, not the levels below it. Refuses to know any command.
"""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


def later(
    commands: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
    others: Callable[[], Mapping[str, Callable[[], Any]]] = dict,
) -> type[TyperGroup]:
    """For ``typer.Typer(cls=...)``: a group that holds these beside the commands of its own.

    ``commands``, ``groups``: name -> ``module:attribute``, a function or a ``typer.Typer``. ``others`` is asked only
    where a name is none of them, or all are listed; it may not take the name of one of them.
    """
    first = {name: _reached(path) for name, path in commands.items()}
    last = {name: _reached(path) for name, path in (groups or {}).items()}

    class Later(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            own: dict[str, Any] = {name: (lambda made=made: made) for name, made in self.commands.items()}
            self.commands = _Commands({**first, **own, **last}, others)

    return Later


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


def _command(name: str, found: Any) -> Any:
    """What Typer makes of a function or of a group of commands, under this name."""
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    elif callable(found) and not hasattr(found, "make_context"):
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name)(found)
        command = get_command(alone)
    else:
        return found
    command.name = name
    return command
