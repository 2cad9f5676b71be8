"""A typed input as the parameter of a command: each of its fields becomes an option, the command gets the value.

So an input is declared once. A pydantic model is also what FastAPI takes as a body, with the same sentences and
bounds; a data class is for what only the command line takes. Expect no nesting: a field is a plain value or a list.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, Final, get_type_hints

import typer

from bavn.app.process.exits import Exit, Stop

BOUNDS: Final = {"ge": "min", "le": "max"}


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer reads it: in the place of each parameter that is a data class or a model stand its fields.
    TypeError where two have the same name."""
    hints = get_type_hints(command, include_extras=True)
    plain: list[inspect.Parameter] = []
    inputs: dict[str, tuple[Any, list[str]]] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind = hints.get(parameter.name)
        if not _is_input(kind):
            plain.append(parameter.replace(annotation=kind))
            continue
        inputs[parameter.name] = (kind, [option.name for option in _options(kind)])
        plain += _options(kind)
    twice = {one.name for one in plain if [other.name for other in plain].count(one.name) > 1}
    if twice:
        raise TypeError(f"{command.__name__}: two inputs have an option {min(twice)}")

    @wraps(command)
    def run(*given: Any, **named: Any) -> None:
        made = {}
        for name, (kind, names) in inputs.items():
            try:
                made[name] = kind(**{key: named.pop(key) for key in names if key in named})
            except ValueError as error:
                raise Stop(Exit.USAGE, _line(error)) from error
        command(*given, **named, **made)

    del run.__wrapped__
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(one for one in plain if one.kind is not one.KEYWORD_ONLY),
            *(one for one in plain if one.kind is one.KEYWORD_ONLY),
        ]
    )
    run.__annotations__ = {one.name: one.annotation for one in plain} | {"return": None}
    return run


def _line(error: ValueError) -> str:
    """What is wrong, in one line: of a model the first field with its words."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    first = errors()[0]
    return f"--{'-'.join(map(str, first['loc'])).replace('_', '-')}: {first['msg']}"


def _is_input(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "model_fields"))


def _options(kind: Any) -> list[inspect.Parameter]:
    found = _of_model(kind) if hasattr(kind, "model_fields") else _of_class(kind)
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in found
    ]


def _of_class(kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Of a data class: fields annotated as a command's parameters are."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        yield field.name, inspect.Parameter.empty if field.default is MISSING else field.default, hints[field.name]


def _of_model(kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Of a pydantic model: its description is the help, ``ge`` and ``le`` are the bounds."""
    for name, field in kind.model_fields.items():
        bounds = {
            BOUNDS[bound]: getattr(one, bound) for one in field.metadata for bound in BOUNDS if hasattr(one, bound)
        }
        default = inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
        yield name, default, Annotated[field.annotation, typer.Option(help=field.description, **bounds)]
