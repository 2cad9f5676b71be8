"""The actor's policy as a file that a person edits field by field: read, changed with its comments, written whole.

What is written was read by the very reader that the node uses, or it is not written. Refuses to put a policy into
force: the node reads it when it starts.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_origin, get_type_hints

import tomlkit

from bavn.app.config.load import POLICY_TABLES, NodeConfig, read_policy
from bavn.app.node.protect import never_block
from bavn.app.process.exits import why_of
from bavn.model.settings import About, SettingsError, faults, settings_of
from bavn.model.text import Text
from bavn.model.toml import table_of

Changes = Mapping[str, Mapping[str, Any]]
"""Table -> field -> new value; None takes the field out of the file, which means its default."""
BYTES_MAX: Final = 1_000_000
STRICT: Final[dict[str, dict[str, Any]]] = {
    "door": {
        "strong_t_min": 3,
        "reveal_domain": "ask",
        "reveal_address": "ask",
        "reveal_fingerprint": "ask",
        "reveal_pair": "ask",
        "reveal_chain": "ask",
        "reveal_file": "ask",
        "answer_questions": "ask",
        "answer_radius": "ask",
        "tell_counts": False,
    }
}
"""The strict policy, to be filled in and looked at: nothing is named and no question answered without a person here,
three must hold the same, and no counts leave."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it is read now. ``kind``: bool, int, float, text or texts. ``written``: it stands in the file."""

    table: str
    name: str
    kind: str
    value: Any
    default: Any
    about: About
    written: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What one field would become."""

    field: Field
    after: Any


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy that may be written: the text, and what differs from now."""

    text: str
    changes: tuple[Change, ...]


def text_of(config: NodeConfig) -> str:
    """The file as it is; empty where there is none. SettingsError for one that cannot be read or is too large."""
    file = policy_of(config)
    try:
        raw = file.read_bytes() if file.exists() else b""
        if len(raw) > BYTES_MAX:
            raise SettingsError(Text("{file} has more than {bytes_max} bytes", file=file, bytes_max=BYTES_MAX))
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(Text("{file} cannot be read: {error}", file=file, error=Text.of_error(error))) from error


def policy_of(config: NodeConfig) -> Path:
    """Where the policy lies."""
    return config.path(config.node.policy_file)


def mark_of(text: str) -> str:
    """Which text somebody looked at."""
    return hashlib.sha256(text.encode()).hexdigest()


def fields_of(policies: Mapping[str, Any], text: str) -> list[Field]:
    """Every field of the policy, in the order of the docs."""
    given = table_of(text)
    return [
        Field(
            table=table,
            name=name,
            kind=_kind(get_type_hints(kind)[name]),
            value=_plain(getattr(policies[table], name)),
            default=_plain(entry.default),
            about=entry.metadata["about"],
            written=name in given.get(table, {}),
        )
        for table, kind in POLICY_TABLES.items()
        for name, entry in settings_of(kind).items()
    ]


def draft(config: NodeConfig, text: str, changes: Changes) -> Draft:
    """What the file would say. SettingsError for what the node would refuse to start with."""
    tables = _read(config, text)
    document = tomlkit.parse(text)
    for table, given in changes.items():
        if table not in POLICY_TABLES:
            raise SettingsError(Text("no table of the policy is called {table}", table=repr(table[:40])))
        if table not in document:
            document[table] = tomlkit.table()
        for name, value in given.items():
            if value is None:
                document[table].pop(name, None)
            else:
                document[table][name] = value
    draft_text = tomlkit.dumps(document)
    before = {(one.table, one.name): one for one in fields_of(tables, text)}
    after = fields_of(_read(config, draft_text), draft_text)
    return Draft(
        draft_text,
        tuple(Change(before[f.table, f.name], f.value) for f in after if f.value != before[f.table, f.name].value),
    )


def wrong_in(text: str, changes: Changes) -> dict[str, Text]:
    """What is wrong with which field (``table.name``), of a change that ``draft`` refuses; empty where it is not one
    field's fault. What each field says by itself comes first."""
    given = table_of(text)
    wrong: dict[str, Text] = {}
    for table, kind in POLICY_TABLES.items():
        changed = changes.get(table, {})
        kept = {name: value for name, value in given.get(table, {}).items() if name not in changed}
        fields = kept | {name: value for name, value in changed.items() if value is not None}
        alone = faults(kind, fields, table)
        wrong |= {f"{table}.{name}": why for name, why in alone.items()}
        if not alone:
            wrong |= _wrong_together(kind, table, fields)
    return wrong


def _wrong_together(kind: type[Any], table: str, fields: Mapping[str, Any]) -> dict[str, Text]:
    try:
        kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
    except SettingsError as error:
        named = re.search(rf"{table}\.(\w+)", str(error))
        return {f"{table}.{named[1]}": Text.of_error(error)} if named else {}
    return {}


def write(config: NodeConfig, text: str) -> None:
    """In one step, with the rights that the file had. OSError where the disk refuses."""
    file = policy_of(config)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write(text)
            target.flush()
            os.fchmod(target.fileno(), mode)
            os.fsync(target.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(config: NodeConfig, text: str) -> dict[str, Any]:
    """As the node reads it, the never-block list too. Raises SettingsError, without the name of a file."""
    with tempfile.TemporaryDirectory(prefix="bavn-policy-") as folder:
        file = Path(folder) / "policy.toml"
        file.write_text(text, encoding="utf-8")
        try:
            policies = read_policy(file)
            never_block(replace(config, door=policies["door"], protect=policies["protect"]))
        except SettingsError as error:
            sentences = Text.of_error(error).spoken().items()
            without = {name: one.replace(f"{file}: ", "").replace(str(file), "").strip() for name, one in sentences}
            raise SettingsError(Text.written(**without)) from error
        except OSError as error:
            raise SettingsError(Text("never_block_file cannot be read ({why})", why=why_of(error))) from error
    return policies


def _kind(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return "texts"
    return {bool: "bool", int: "int", float: "float"}.get(hint, "text")


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | frozenset | set):
        return [str(one) for one in value]
    return value
