"""Checks one configuration file without starting anything: every wrong setting at once, each with its place.

The readers of load.py stop at the first error; this goes on. What is left without what was found is given to the very
reader that the service uses, as often as it refuses something, so that a file which passes here is one that it takes.
Refuses to look at the machine: places.py does.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bavn.app.config import load as config
from bavn.app.config.load import NESTED
from bavn.app.config.plain_file import NoText, named_there, text_of
from bavn.model.catalogue import ENGLISH, languages
from bavn.model.settings import SettingsError, faults, settings_of
from bavn.model.text import Text
from bavn.model.toml import BadToml

Role = Literal["node", "policy", "centre", "keyholder"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
NEAR: Final = 0.6
TOGETHER_MAX: Final = 100
"""So many things that the reader refuses are told of one file."""

TABLES: Final[dict[Role, dict[str, type[Any]]]] = {
    "node": config.NODE_TABLES,
    "policy": config.POLICY_TABLES,
    "centre": {name: kind for name, kind in config.CENTRE_TABLES.items() if "." not in name},
    "keyholder": config.KEYHOLDER_TABLES,
}

READERS: Final[dict[Role, Callable[[Mapping[str, Any], Path], Any]]] = {
    "node": config.node_tables,
    "policy": config.policy_tables,
    "centre": config.centre_of,
    "keyholder": config.keyholder_of,
}
"""Each makes of a file's tables what its service takes, and stops at the first thing that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about a file. ``place``: file, and line where it is known. ``code``: for machines. ``level``: an error
    (the service would not start, or not work), something ``missing`` on the machine, or a note."""

    level: Literal["error", "missing", "note"]
    code: str
    place: str
    text: Text

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", _plain(self.place))
        if any(_plain(said := self.text.say(language)) != said for language in languages()):
            object.__setattr__(self, "text", _each_language(self.text, _plain))


@dataclass(frozen=True, slots=True)
class Checked:
    """What the file holds as far as it can be read, and what is wrong with it. ``role`` is None where it is unclear.
    ``taken``: what the reader makes of what is not wrong, None where it makes nothing; ``out``: what it leaves out."""

    role: Role | None
    tables: Mapping[str, Any]
    lines: Mapping[tuple[str, str], int]
    found: tuple[Finding, ...]
    taken: Any = None
    out: frozenset[tuple[str, ...]] = frozenset()

    def follows(self, words: str) -> bool:
        """Whether what is said names something that was left out, and so may only follow from it."""
        return any(_is_named(gone, words, self.tables) for gone in self.out)


def _plain(text: str) -> str:
    """On one line, without what could move a terminal's cursor."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def role_of(file: Path, given: Mapping[str, Any]) -> Role | None:
    """By the file's name, else by the tables that only one role has."""
    for role in ROLES:
        if file.name == f"{role}.toml":
            return role
    fits = {
        role: len(set(given) & (set(TABLES[role]) | (set(NESTED) if role == "centre" else set()))) for role in ROLES
    }
    best = max(fits.values())
    fitting = [role for role in ROLES if fits[role] == best]
    return fitting[0] if best and len(fitting) == 1 else None


def check(file: Path, role: Role | None = None) -> Checked:
    """Everything that is wrong in the file itself. Never raises for what the file holds."""
    text = ""
    try:
        text = text_of(file)
        given = config.read_toml(file)
    except NoText as error:
        return _no_file(role, f"{file}:{error.line}" if error.line else file, error.why)
    except (SettingsError, ValueError) as error:
        return Checked(role, {}, {}, (_unreadable(file, error, max(1, len(text.splitlines()))),))
    role = role or role_of(file, given)
    if role is None:
        named = ", ".join(ROLES)
        words = Text("its tables fit no role alone: say --role ({named})", named=named)
        return Checked(None, given, {}, (Finding(level="error", code="role", place=str(file), text=words),))
    lines = places(text)
    findings = [finding for name, value in given.items() for finding in _table(file, role, name, value, lines)]
    together, taken, out = _together(file, role, given, lines)
    findings += together
    if role == "node":
        findings += _policy(file, given)
    return Checked(role, given, lines, tuple(findings), taken, frozenset(out))


def _no_file(role: Role | None, at: Path | str, words: Text) -> Checked:
    """What no configuration can be read from."""
    return Checked(role, {}, {}, (Finding(level="error", code="file", place=str(at), text=words),))


def _without_faults(role: Role, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is left for the reader when each setting that is wrong by itself is taken out."""
    left: dict[str, Any] = {}
    for name, value in given.items():
        if role == "centre" and name in NESTED and isinstance(value, dict):
            left[name] = {
                inner: _settings_left(NESTED[name], table, _named(name, inner, table))
                if isinstance(table, dict)
                else table  # the reader says what it should be
                for inner, table in value.items()
            }
        elif name in TABLES[role] and isinstance(value, dict):
            left[name] = _settings_left(TABLES[role][name], value, value)
        elif role == "centre" and name in NESTED:
            left[name] = value  # the reader says what it should be
    return left


def _wrong_alone(role: Role, given: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Where each setting stands that is wrong by itself, or would have to."""
    wrong_alone: set[tuple[str, ...]] = set()
    for name, value in given.items():
        if name in TABLES[role] and isinstance(value, dict):
            wrong_alone |= {(name, wrong) for wrong in faults(TABLES[role][name], value, "")}
        elif role == "centre" and name in NESTED and isinstance(value, dict):
            for inner, table in value.items():
                if isinstance(table, dict):
                    wrong_alone |= {
                        (name, inner, wrong) for wrong in faults(NESTED[name], _named(name, inner, table), "")
                    }
    return wrong_alone


def _settings_left(kind: type[Any], table: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    wrong = faults(kind, named, "")
    return {name: value for name, value in table.items() if name not in wrong}


def _together(
    file: Path, role: Role, given: Mapping[str, Any], lines: Mapping[tuple[str, str], int]
) -> tuple[list[Finding], Any, set[tuple[str, ...]]]:
    """What the reader refuses of settings that are each well by themselves: what it refuses is taken out, and it reads
    on. A refusal that names something that was taken out follows from it, and is not told. Also what the reader makes
    of the rest, None where it makes nothing, and what was taken out."""
    left = _without_faults(role, given)
    out = _paths(given) - _paths(left) | _wrong_alone(role, given)
    findings: list[Finding] = []
    for _ in range(TOGETHER_MAX):
        try:
            taken = READERS[role](left, file)
        except SettingsError as error:
            words = str(error).removeprefix(str(file)).lstrip(": ")
            path = _path_of(words, left)
            if not any(_is_named(gone, words, given) for gone in out):
                table, name = (".".join(path[:-1]), path[-1]) if path[1:] else ("".join(path), "")
                findings.append(_finding(file, table, name, Text.of_error(error), lines, "setting"))
            if not path:
                return findings, None, out
            out.add(path)
            _take_out(left, path)
        else:
            return findings, taken, out
    return findings, None, out


def _paths(tables: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Where each setting stands: table and name, or table, inner table and name."""
    paths: set[tuple[str, ...]] = set()
    for name, value in tables.items():
        if isinstance(value, Mapping) and value:
            paths |= {(name, *path) for path in _paths(value)}
        else:
            paths.add((name,))
    return paths


def _path_of(words: str, left: Mapping[str, Any]) -> tuple[str, ...]:
    """Where what a reader's words are about stands: of what is there, what they name first; nothing where they name
    nothing that is there."""
    named = re.findall(r"[\w-]+", words)
    table = next((name for name in named[:1] if name in left), None)
    paths = [path for path in _paths(left) if table in (None, path[0])]
    meant = [path for path in paths if path[-1] in named and (len(path) < 3 or table is None or path[1] in named)]
    if meant:
        return min(meant, key=lambda path: (named.index(path[-1]), path))
    inner = () if table is None else tuple(name for name in named[1:2] if name in _inner(left[table]))
    return () if table is None else (table, *inner)


def _is_named(path: tuple[str, ...], words: str, given: Mapping[str, Any]) -> bool:
    """Whether a reader's words name the setting that stands there."""
    named = re.findall(r"[\w-]+", words)
    of_another = named[:1] != [path[0]] and any(name in given for name in named[:1])
    return not of_another and set(path[1:]) <= set(named)


def _inner(table: Any) -> Mapping[str, Any]:
    return table if isinstance(table, Mapping) else {}


def _take_out(tables: dict[str, Any], path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        tables = tables[name]
    del tables[path[-1]]


def _policy(file: Path, given: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Of the policy beside a node.toml, where there is one."""
    node = given.get("node", {})
    named = node.get("policy_file", "policy.toml") if isinstance(node, dict) else None
    if not isinstance(named, str) or "\0" in named or not named_there(file.resolve().parent / named):
        return ()
    return check(file.resolve().parent / named, "policy").found


def place(file: Path, table: str, name: str, lines: Mapping[tuple[str, str], int]) -> str:
    """``file:line``, or the file alone where the line is not known."""
    at = lines.get((table, name)) or lines.get((table, ""))
    return f"{file}:{at}" if at else str(file)


_HEAD: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_.\"' -]+?)\s*\]\s*(#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def places(text: str) -> dict[tuple[str, str], int]:
    """The line of each table, (name, ""), and of each setting, counted from 1. The first of what looks like one."""
    lines: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        head, key = _HEAD.match(line), _KEY.match(line)
        if head:
            table = re.sub(r"[\"' ]", "", head[1])
            lines.setdefault((table, ""), number)
        elif key:
            lines.setdefault((table, key[1]), number)
    return lines


def _table(file: Path, role: Role, name: str, value: Any, lines: Mapping[tuple[str, str], int]) -> list[Finding]:
    kinds = TABLES[role]
    if role == "centre" and name in NESTED and isinstance(value, dict):
        return [
            finding
            for inner, table in value.items()
            if isinstance(table, dict)
            for finding in _settings(file, f"{name}.{inner}", NESTED[name], _named(name, inner, table), kinds, lines)
        ]
    if name in NESTED and role == "centre":
        return []  # the reader says what it should be
    if name not in kinds:
        return [_unknown(file, name, value, kinds, lines)]
    if not isinstance(value, dict):
        words = Text("{name} must be a table: [{name}]", name=name)
        return [Finding(level="error", code="table", place=place(file, "", name, lines), text=words)]
    return _settings(file, name, kinds[name], value, kinds, lines)


def _named(name: str, inner: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """A tier takes its name from its heading, as in the reader."""
    return {"name": inner, **table} if name == "tiers" else dict(table)


def _settings(
    file: Path,
    table: str,
    kind: type[Any],
    given: Mapping[str, Any],
    kinds: Mapping[str, type[Any]],
    lines: Mapping[tuple[str, str], int],
) -> list[Finding]:
    known = set(settings_of(kind))
    findings = []
    for name, words in faults(kind, given, f"[{table}]").items():
        if name in known:
            findings.append(_finding(file, table, name, words, lines, "setting"))
            continue
        advice = _nearest(name, table, known, kinds)
        text = Text("[{table}] has no setting {name}", table=table, name=repr(name[:60]))
        findings.append(
            Finding(
                level="error",
                code="unknown",
                place=place(file, table, name, lines),
                text=Text.shaped("{text}: {advice}", text=text, advice=advice),
            )
        )
    return findings


def _unknown(
    file: Path, name: str, value: Any, kinds: Mapping[str, type[Any]], lines: Mapping[tuple[str, str], int]
) -> Finding:
    shown = f"[{name[:60]}]" if isinstance(value, dict) else name[:60]
    advice = _nearest(name, "", set() if not isinstance(value, dict) else set(kinds), kinds)
    at = place(file, name, "", lines) if isinstance(value, dict) else place(file, "", name, lines)
    text = Text("{shown} is not known here: {advice}", shown=shown, advice=advice)
    return Finding(level="error", code="unknown", place=at, text=text)


def _nearest(name: str, table: str, known: set[str], kinds: Mapping[str, type[Any]]) -> Text:
    """What was probably meant: the same name in another table, else the nearest known one."""
    elsewhere = sorted(other for other, kind in kinds.items() if other != table and name in settings_of(kind))
    if elsewhere:
        return Text("it belongs in [{elsewhere}]", elsewhere=elsewhere[0])
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=NEAR)
    if near:
        return Text("did you mean {near}?", near=near[0])
    named = ", ".join(sorted(known) or sorted(f"[{kind}]" for kind in kinds))
    return Text("known: {named}", named=named)


def _finding(file: Path, table: str, name: str, text: Text, lines: Mapping[tuple[str, str], int], code: str) -> Finding:
    """An error in the reader's own words, without the file that stands before it."""
    shown = _without_file(file, text)
    if not name:
        told = re.search(r"\[(\w+)\][.: ]+(\w+)|^(\w+)\.(\w+)", shown.en)
        table, name = (told[1] or told[3], told[2] or told[4]) if told else ("", "")
    return Finding(level="error", code=code, place=place(file, table, name, lines), text=shown)


def _without_file(file: Path, text: Text) -> Text:
    return _each_language(text, lambda said: said.removeprefix(str(file)).lstrip(": "))


def _each_language(text: Text, shaped: Callable[[str], str]) -> Text:
    """The same sentence with something done to it in every language."""
    said = {language: shaped(text.say(language)) for language in languages()}
    return Text.written(said.pop(ENGLISH), **said)


def _unreadable(file: Path, error: Exception, last: int) -> Finding:
    shown = _without_file(file, Text.of_error(error))
    words = shown.en
    cause = error.__cause__
    if not isinstance(cause, BadToml):
        return Finding(level="error", code="file", place=str(file), text=shown)
    line = re.search(r"at line (\d+)", words)
    at = f"{file}:{line[1] if line else last}"  # else at the end of the document
    return Finding(level="error", code="toml", place=at, text=shown)
