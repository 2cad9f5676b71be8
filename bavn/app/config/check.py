"""Checks one configuration file without starting anything: every wrong setting at once, each with its place.

The readers of config.py stop at the first error; this goes on. What no error is found in by itself is given to the very
reader that the service uses, so that a file which passes here is one that it takes. Refuses to look at the machine:
config_places does.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bavn.app.config import load as config
from bavn.app.config.centre_tables import CENTRE_TABLES
from bavn.app.config.misp import MispTable
from bavn.app.config.operator import OperatorTable, read_operator
from bavn.centre.correlate.tier import Tier
from bavn.model.settings import SettingsError, faults
from bavn.model.text import Text
from bavn.model.toml import BadToml

Role = Literal["node", "policy", "centre", "keyholder", "operator", "hub"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
BYTES_MAX: Final = 1 << 20
NEAR: Final = 0.6
NESTED: Final[dict[str, type[Any]]] = {"tiers": Tier, "misp": MispTable}
"""Tables of tables in centre.toml: [tiers.A]."""

TABLES: Final[dict[Role, dict[str, type[Any]]]] = {
    "node": config.NODE_TABLES,
    "policy": config.POLICY_TABLES,
    "centre": {name: kind for name, kind in CENTRE_TABLES.items() if "." not in name},
    "keyholder": config.KEYHOLDER_TABLES,
    "operator": {"operator": OperatorTable},
    "hub": config.HUB_TABLES,
}
READERS: Final[dict[Role, Callable[[Path], Any]]] = {
    "node": config.read_node,
    "policy": config.read_policy,
    "centre": config.read_centre,
    "keyholder": config.read_keyholder,
    "operator": read_operator,
    "hub": config.read_hub,
}


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
        said = Text.written(_plain(self.text.en), da=_plain(self.text.da))
        if (said.en, said.da) != (self.text.en, self.text.da):
            object.__setattr__(self, "text", said)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the file holds as far as it can be read, and what is wrong with it. ``role`` is None where it is unclear."""

    role: Role | None
    tables: Mapping[str, Any]
    lines: Mapping[tuple[str, str], int]
    found: tuple[Finding, ...]


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
        with file.open("rb") as opened:
            raw = opened.read(BYTES_MAX + 1)
        if len(raw) > BYTES_MAX:
            words = Text("more than {bytes_max} bytes: no configuration", bytes_max=BYTES_MAX)
            return Checked(role, {}, {}, (Finding(level="error", code="file", place=str(file), text=words),))
        text = raw.decode("utf-8")
        given = config.read_toml(file)
    except (SettingsError, OSError, ValueError) as error:
        return Checked(role, {}, {}, (_unreadable(file, error, max(1, len(text.splitlines()))),))
    role = role or role_of(file, given)
    if role is None:
        named = ", ".join(ROLES)
        words = Text("its tables fit no role alone: say --role ({named})", named=named)
        return Checked(None, given, {}, (Finding(level="error", code="role", place=str(file), text=words),))
    lines = places(text)
    found = [finding for name, value in given.items() for finding in _table(file, role, name, value, lines)]
    if role == "node":
        found += _policy(file, given)
    if not found:
        try:
            READERS[role](file)
        except SettingsError as error:
            found.append(_said(file, "", "", str(error), lines, "setting"))
    return Checked(role, given, lines, tuple(found))


def _policy(file: Path, given: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Of the policy beside a node.toml, where there is one."""
    node = given.get("node", {})
    named = node.get("policy_file", "policy.toml") if isinstance(node, dict) else ""
    if not isinstance(named, str) or "\0" in named or not (file.resolve().parent / named).is_file():
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
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        head, key = _HEAD.match(line), _KEY.match(line)
        if head:
            table = re.sub(r"[\"' ]", "", head[1])
            found.setdefault((table, ""), number)
        elif key:
            found.setdefault((table, key[1]), number)
    return found


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
    known = set(_names(kind))
    made = []
    for name, words in faults(kind, given, f"[{table}]").items():
        if name in known:
            made.append(_said(file, table, name, words, lines, "setting"))
            continue
        advice = _nearest(name, table, known, kinds)
        text = Text("[{table}] has no setting {name}", table=table, name=repr(name[:60]))
        made.append(
            Finding(
                level="error",
                code="unknown",
                place=place(file, table, name, lines),
                text=Text.shaped("{text}: {advice}", text=text, advice=advice),
            )
        )
    return made


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
    elsewhere = sorted(other for other, kind in kinds.items() if other != table and name in _names(kind))
    if elsewhere:
        return Text("it belongs in [{elsewhere}]", elsewhere=elsewhere[0])
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=NEAR)
    if near:
        return Text("did you mean {near}?", near=near[0])
    named = ", ".join(sorted(known) or sorted(f"[{kind}]" for kind in kinds))
    return Text("known: {named}", named=named)


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(kind.__dataclass_fields__)


def _said(file: Path, table: str, name: str, words: str, lines: Mapping[tuple[str, str], int], code: str) -> Finding:
    """An error in the reader's own words (English), without the file that stands before it."""
    shown = words.removeprefix(str(file)).lstrip(": ")
    if not name:
        told = re.search(r"\[(\w+)\][.: ]+(\w+)|^(\w+)\.(\w+)", shown)
        table, name = (told[1] or told[3], told[2] or told[4]) if told else ("", "")
    return Finding(level="error", code=code, place=place(file, table, name, lines), text=Text.plain(shown))


def _unreadable(file: Path, error: Exception, last: int) -> Finding:
    words = str(error).removeprefix(str(file)).lstrip(": ")
    if isinstance(error, FileNotFoundError):
        text = Text("is not there: name the file that the service reads")
        return Finding(level="error", code="file", place=str(file), text=text)
    cause = error.__cause__
    if not isinstance(cause, BadToml):
        return Finding(level="error", code="file", place=str(file), text=Text.plain(words))
    line = re.search(r"at line (\d+)", words)
    at = f"{file}:{line[1] if line else last}"  # else at the end of the document
    return Finding(level="error", code="toml", place=at, text=Text.plain(words))
