"""Settings: what an operator may set in a policy or configuration has a unit, a default, bounds and a sentence.

One loader for all of them: an unknown field, a wrong type or a value out of bounds is one clear error that names the
file, the field and what would be right. The docs page of every setting is made from the same fields
(tests/manners/test_pages.py). A field beside them that ``setting`` did not make is a bound of the product: a caller may
hand in another, a file cannot. Refuses to read files: it is given what was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints

from bavn.model.text import Text


class SettingsError(ValueError):
    """The configuration is wrong. The operator must act."""


@dataclass(frozen=True, slots=True)
class About:
    """What the docs say of a setting: ``unit`` ("" for none), ``holds`` one sentence, bounds or None."""

    unit: str
    holds: str
    low: float | None
    high: float | None


def setting(default: Any, *, holds: str, unit: str = "", low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field with its unit, sentence and inclusive bounds. ``default`` may be a tuple (a list in TOML)."""
    return field(default=default, metadata={"about": About(unit, holds, low, high)})


def settings_of(kind: type[Any]) -> dict[str, Field[Any]]:
    """Fields of a settings dataclass that a file may set, by name."""
    return {entry.name: entry for entry in fields(kind) if "about" in entry.metadata}


def load[T](kind: type[T], given: Mapping[str, Any], where: str) -> T:
    """A settings dataclass from a TOML table. ``where`` names file and table for the error. Raises SettingsError."""
    values: dict[str, Any] = {}
    for name, value in _each(kind, given, where):
        if isinstance(value, SettingsError):
            raise value
        values[name] = value
    return kind(**values)


def within(file: object, error: SettingsError) -> SettingsError:
    """The same error, with the file before it where it does not begin with that."""
    text = Text.of_error(error)
    return (
        error if text.en.startswith(str(file)) else SettingsError(Text.shaped("{file}: {text}", file=file, text=text))
    )


def faults(kind: type[Any], given: Mapping[str, Any], where: str) -> dict[str, Text]:
    """Each setting that ``load`` would refuse by itself: name -> words. What several settings say together is not
    looked at."""
    return {name: Text.of_error(found) for name, found in _each(kind, given, where) if isinstance(found, SettingsError)}


def _each(kind: type[Any], given: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Names with their values, or with the SettingsError that says what is wrong; what is not given is left out."""
    hints = get_type_hints(kind)
    known = settings_of(kind)
    for name in sorted(set(given) - set(known)):
        yield (
            name,
            SettingsError(
                Text(
                    "{where}: no setting is called {name}; known: {named}",
                    where=where,
                    name=repr(name),
                    named=", ".join(sorted(known)),
                )
            ),
        )
    for name, entry in known.items():
        if name in given:
            try:
                yield name, _value(hints[name], given[name], f"{where}.{name}", entry.metadata["about"])
            except SettingsError as error:
                yield name, error


_KINDS: dict[Any, Text] = {
    bool: Text("true or false"),
    int: Text("a whole number"),
    float: Text("a number"),
    str: Text("a text"),
}


def _value(hint: Any, given: Any, where: str, about: About) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(given, list):
            raise SettingsError(Text("{where} must be a list", where=where))
        return tuple(_value(get_args(hint)[0], item, where, about) for item in given)
    if isinstance(given, str) and "\0" in given:
        raise SettingsError(Text("{where} holds a NUL, which no name and no path can", where=where))
    if hint is float and isinstance(given, int) and not isinstance(given, bool):
        given = float(given)
    if hint not in _KINDS or type(given) is not hint:
        raise SettingsError(
            Text("{where} must be {what}, not {given}", where=where, what=_KINDS.get(hint, hint), given=repr(given))
        )
    if isinstance(given, int | float) and not isinstance(given, bool):
        if about.low is not None and given < about.low:
            least = f"{about.low:g} {about.unit}".rstrip()
            raise SettingsError(
                Text("{where} must be at least {least}, not {given}", where=where, least=least, given=repr(given))
            )
        if about.high is not None and given > about.high:
            most = f"{about.high:g} {about.unit}".rstrip()
            raise SettingsError(
                Text("{where} must be at most {most}, not {given}", where=where, most=most, given=repr(given))
            )
    return given
