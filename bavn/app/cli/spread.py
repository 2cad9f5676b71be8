"""A typed input as the parameter of a command: each of its fields becomes an option, the command gets the value.

So an input is declared once. A pydantic model is also what FastAPI takes as a body, with the same sentences and
bounds; a data class is for what only the command line takes. Expect no nesting: a field is a plain value or a list.
"""

import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typer.models import OptionInfo

from bavn.app.cli.help import wrong
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

BOUNDS: Final = {"ge": "min", "le": "max"}


@dataclass(frozen=True, slots=True)
class Given:
    """``Annotated[dict[str, Any], Given(Model)]``: of a model only those fields that were said; the others are as they
    stand. An empty string says nothing, an empty one in a list empties it."""

    kind: Any
    without: tuple[str, ...] = ()
    prefix: str = ""
    """Before the names of the command's parameters, where two models have fields of one name."""

    def __call__(self, **values: Any) -> dict[str, Any]:
        """As the command gets it."""
        values = {name.removeprefix(self.prefix): value for name, value in values.items()}
        lists = {name: [one for one in value if one] for name, value in values.items() if isinstance(value, list)}
        return {name: value for name, value in values.items() if value not in (None, "")} | lists


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer reads it: in the place of each parameter that is a data class or a model stand its fields.
    TypeError where two have the same name."""
    hints = get_type_hints(command, include_extras=True)
    plain: list[inspect.Parameter] = []
    inputs: dict[str, tuple[Any, list[str]]] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind = hints.get(parameter.name)
        kind = next((marker for marker in getattr(kind, "__metadata__", ()) if isinstance(marker, Given)), kind)
        if not _is_input(kind):
            plain.append(parameter.replace(annotation=kind))
            continue
        inputs[parameter.name] = (kind, [option.name for option in _options(kind)])
        plain += _options(kind)
    twice = {option.name for option in plain if [other.name for other in plain].count(option.name) > 1}
    if twice:
        raise TypeError(f"{command.__name__}: two inputs have an option {min(twice)}")

    @wraps(command)
    def run(*given: Any, **named: Any) -> None:
        values = {}
        for name, (kind, names) in inputs.items():
            values[name] = typed(kind, **{key: named.pop(key) for key in names if key in named})
        command(*given, **named, **values)

    del run.__wrapped__
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(option for option in plain if option.kind is not option.KEYWORD_ONLY),
            *(option for option in plain if option.kind is option.KEYWORD_ONLY),
        ]
    )
    run.__annotations__ = {option.name: option.annotation for option in plain} | {"return": None}
    return run


def typed[T](kind: Callable[..., T], /, **values: Any) -> T:
    """An input of what was said. Stop with one line: of a model the first field that is wrong, as it is spelled."""
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        spelled = _spelled(kind.model_fields[name])  # type: ignore[attr-defined]
        flag = (spelled.param_decls or [f"--{name.replace('_', '-')}"])[0]
        raise Stop(Exit.USAGE, Text.shaped("{flag}: {first}", flag=flag, first=wrong(dict(first)))) from error
    except ValueError as error:
        raise Stop(Exit.USAGE, Text.of_error(error)) from error


def _spelled(field: FieldInfo) -> OptionInfo:
    return next((copy(one) for one in field.metadata if isinstance(one, OptionInfo)), typer.Option())


def _is_input(kind: Any) -> bool:
    return isinstance(kind, Given) or (isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "model_fields")))


def _options(kind: Any) -> list[inspect.Parameter]:
    if isinstance(kind, Given):
        options = _partly(kind)
    else:
        options = _of_model(kind) if hasattr(kind, "model_fields") else _of_class(kind)
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in options
    ]


def _of_class(kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Of a data class: fields annotated as a command's parameters are."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        yield field.name, inspect.Parameter.empty if field.default is MISSING else field.default, hints[field.name]


def _of_model(kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Of a pydantic model: its description is the help, ``ge`` and ``le`` are the bounds; of what may be left out the
    model itself looks at them. A field that is spelled in another way has a ``typer.Option`` beside its type."""
    hints = get_type_hints(kind)
    for name, field in kind.model_fields.items():
        bounds = {
            BOUNDS[bound]: getattr(one, bound) for one in field.metadata for bound in BOUNDS if hasattr(one, bound)
        }
        default = inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
        option = _spelled(field)
        vars(option).update({} if NoneType in get_args(hints[name]) else bounds, help=field.description)
        yield name, default, Annotated[hints[name], option]


def _partly(given: Given) -> Iterator[tuple[str, Any, Any]]:
    """Of a model's fields: none must be said, and the bounds are looked at in the whole."""
    for name, _, annotation in _of_model(given.kind):
        kind, option = get_args(annotation)
        if name not in given.without:
            option.min = option.max = None
            yield (
                given.prefix + name,
                None,
                Annotated[(list[str] if get_origin(kind) is tuple else kind) | None, option],
            )
