"""A policy explained: what each line means, what would leave and what never could, and what differs from the one in
force. Refuses to put a policy into force, and to change anything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bavn.actor.door.policy import DoorPolicy
from bavn.app.config.load import POLICY_TABLES, NodeConfig
from bavn.app.node.protect import never_block
from bavn.app.policy.file import BYTES_MAX, Change, Field, fields_of
from bavn.app.policy.means import Way, means, ways
from bavn.model.settings import SettingsError, faults
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of

FILE_NAME: Final = "policy.toml"
_TABLE: Final = re.compile(r"\s*\[\s*[\"']?([^\]\"'=]*)[\"']?\s*\]\s*(?:#.*)?$")
_AT_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as the node would read it. ``text``: the file; empty for all defaults."""

    text: str
    tables: Mapping[str, Any]

    @property
    def door(self) -> DoorPolicy:
        found: DoorPolicy = self.tables["door"]
        return found

    def fields(self) -> list[Field]:
        """Every field, in the order of the docs."""
        return fields_of(self.tables, self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """A field that the file sets, and where."""

    line: int
    field: Field
    says: Text


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows of one change."""

    change: Change
    ways: tuple[Way, ...]
    says: Text


def policy_in(given: Path, config: NodeConfig) -> Policy:
    """The policy in a file, or in a folder's ``policy.toml``, as this node would read it. SettingsError: one error,
    with its line where it is a line's."""
    file = given / FILE_NAME if given.is_dir() else given
    if not file.exists():
        raise SettingsError(Text("{file} is not there", file=file))
    try:
        if file.stat().st_size > BYTES_MAX:
            raise SettingsError(Text("{file} has more than {bytes_max} bytes", file=file, bytes_max=BYTES_MAX))
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(Text("{file} cannot be read: {error}", file=file, error=Text.of_error(error))) from error
    return policy_of(text, config, str(file))


def policy_of(text: str, config: NodeConfig, name: str) -> Policy:
    """The same of a text; ``name`` as the error calls it."""
    try:
        given = table_of(text)
    except BadToml as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise SettingsError(
            Text(
                "{name}, line {line}: no TOML: {what}", name=name, line=line, what=_AT_LINE.sub("", str(error)).strip()
            )
        ) from error
    _all_known(given, text, name)
    tables = {}
    for table, kind in POLICY_TABLES.items():
        fields = given.get(table, {})
        wrong = faults(kind, fields, table)
        if wrong:
            first, said = min(wrong.items(), key=lambda item: (line_of(text, table, item[0]), item[0]))
            raise SettingsError(
                Text("{name}, line {what}: {said}", name=name, what=line_of(text, table, first), said=said)
            )
        tables[table] = _built(kind, table, fields, text, name)
    try:
        never_block(replace(config, door=tables["door"], protect=tables["protect"]))
    except (SettingsError, OSError) as error:
        at_line = line_of(text, "protect", "never_block_file")
        raise SettingsError(
            Text(
                "{name}, line {at_line}: never_block_file: {error}",
                name=name,
                at_line=at_line,
                error=Text.of_error(error),
            )
        ) from error
    return Policy(text, tables)


def _all_known(given: Mapping[str, Any], text: str, name: str) -> None:
    """Raises SettingsError where something else than the policy's tables stands at the top."""
    for table, fields in given.items():
        if table not in POLICY_TABLES:
            known = ", ".join(f"[{table_name}]" for table_name in POLICY_TABLES)
            raise SettingsError(
                Text(
                    "{name}, line {what}: no table is called [{table}]; known: {known}",
                    name=name,
                    what=line_of(text, table, ""),
                    table=table,
                    known=known,
                )
            )
        if not isinstance(fields, dict):
            raise SettingsError(
                Text(
                    "{name}, line {what}: {table} must be a table: [{table}]",
                    name=name,
                    what=line_of(text, "", table),
                    table=table,
                )
            )


def _built(kind: type[Any], table: str, fields: Mapping[str, Any], text: str, name: str) -> Any:
    """Each field is right by itself; what they say together may not be."""
    try:
        return kind(**{one: tuple(value) if isinstance(value, list) else value for one, value in fields.items()})
    except SettingsError as error:
        named = re.search(rf"{table}\.(\w+)", str(error))
        raise SettingsError(
            Text(
                "{name}, line {what}: {error}",
                name=name,
                what=line_of(text, table, named[1] if named else ""),
                error=Text.of_error(error),
            )
        ) from error


def line_of(text: str, table: str, name: str) -> int:
    """Where a field of a table is set, from 1; the table's own line where that cannot be told; else 1."""
    inside = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
    dotted = re.compile(rf"\s*{re.escape(table)}\s*\.\s*{re.escape(name)}\s*=")
    here, table_line = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        opened = _TABLE.match(line)
        if opened is not None:
            here = opened[1].strip()
            table_line = number if here == table and not table_line else table_line
        elif (name and here == table and inside.match(line)) or (name and not here and dotted.match(line)):
            return number
    return table_line or 1


def lines_of(policy: Policy) -> list[Line]:
    """What the file sets, in its own order."""
    lines = [
        Line(line_of(policy.text, field.table, field.name), field, means(field.name, field.value, field.about))
        for field in policy.fields()
        if field.written
    ]
    return sorted(lines, key=lambda line: line.line)


def consequences(before: Policy, after: Policy) -> list[Consequence]:
    """What the new policy does that the old one does not, and the reverse."""
    was = {(field.table, field.name): field for field in before.fields()}
    consequences = []
    for field in after.fields():
        old = was[field.table, field.name]
        if old.value != field.value:
            follows = ways(field.table, field.name, old.value, field.value)
            consequences.append(
                Consequence(Change(old, field.value), follows, means(field.name, field.value, field.about))
            )
    return consequences
